// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/tcpproxy.h"

#include <QtGlobal>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <list>
#include <utility>
#include <vector>

namespace atlas::test {

namespace {

constexpr std::size_t BufferSize = 64 * 1024;

/// Bytes on their way in one direction.
struct Pipe
{
    int from;
    int to;
    std::vector<char> buffer;
    std::size_t sent = 0;
    bool ended = false;

    bool isEmpty() const { return sent == buffer.size(); }
};

struct Link
{
    Pipe up;
    Pipe down;
    bool broken = false;
};

sockaddr_in addressOf(const QString& host, int port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<in_port_t>(port));
    inet_pton(AF_INET, host.toLatin1().constData(), &address.sin_addr);
    return address;
}

void reset(int socket)
{
    // Closing with a linger time of zero sends RST instead of FIN.
    const linger now{1, 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(socket);
}

} // namespace

TcpProxy::TcpProxy(QString targetAddress, int targetPort)
    : m_address(std::move(targetAddress))
    , m_targetPort(targetPort)
    , m_wakeUp(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
    , m_listener(listenOn(0))
{
    sockaddr_in bound{};
    socklen_t length = sizeof(bound);
    getsockname(m_listener, reinterpret_cast<sockaddr*>(&bound), &length);
    m_port = ntohs(bound.sin_port);
    m_thread = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy()
{
    m_stop = true;
    wake();
    m_thread.join();
    close(m_wakeUp);
}

void TcpProxy::wake() const
{
    const quint64 one = 1;
    [[maybe_unused]] const auto written = write(m_wakeUp, &one, sizeof(one));
}

int TcpProxy::listenOn(int port) const
{
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    sockaddr_in address = addressOf(QStringLiteral("127.0.0.1"), port);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener, 64) != 0)
        qFatal("the proxy cannot listen on port %d: %s", port, std::strerror(errno));
    return listener;
}

void TcpProxy::setFrozen(bool frozen)
{
    m_frozen = frozen;
    wake();
}

void TcpProxy::setRefusing(bool refusing)
{
    m_refusing = refusing;
    wake();
    while (m_isRefusing != refusing)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void TcpProxy::cutAll()
{
    const int mine = ++m_cut;
    wake();
    while (m_cutDone < mine)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void TcpProxy::run()
{
    std::list<Link> links;
    const auto drop = [this](Link& link) {
        reset(link.up.from);
        reset(link.up.to);
        --m_open;
    };
    while (!m_stop) {
        if (m_refusing && m_listener >= 0) {
            close(m_listener);
            m_listener = -1;
        } else if (!m_refusing && m_listener < 0) {
            m_listener = listenOn(m_port);
        }
        m_isRefusing = m_listener < 0;
        const int cut = m_cut;
        if (m_cutDone < cut) {
            for (Link& link : links)
                drop(link);
            links.clear();
            m_cutDone = cut;
        }

        std::vector<pollfd> polled{{m_wakeUp, POLLIN, 0}, {m_listener, POLLIN, 0}};
        const bool frozen = m_frozen;
        std::vector<std::pair<Pipe*, Link*>> pipes;
        for (Link& link : links) {
            for (Pipe* pipe : {&link.up, &link.down}) {
                if (frozen || pipe->ended)
                    continue;
                pipes.emplace_back(pipe, &link);
                if (pipe->isEmpty())
                    polled.push_back({pipe->from, POLLIN, 0});
                else
                    polled.push_back({pipe->to, POLLOUT, 0});
            }
        }
        if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR)
            qFatal("poll: %s", std::strerror(errno));
        quint64 count = 0;
        [[maybe_unused]] const auto got = read(m_wakeUp, &count, sizeof(count));
        if (m_frozen != frozen || m_stop)
            continue;

        for (std::size_t i = 0; i < pipes.size(); ++i) {
            if (polled[i + 2].revents == 0)
                continue;
            auto& [pipe, link] = pipes[i];
            if (pipe->isEmpty()) {
                pipe->buffer.resize(BufferSize);
                pipe->sent = 0;
                const auto length = recv(pipe->from, pipe->buffer.data(), pipe->buffer.size(), MSG_DONTWAIT);
                pipe->buffer.resize(length > 0 ? std::size_t(length) : 0);
                if (length == 0) {
                    pipe->ended = true;
                    shutdown(pipe->to, SHUT_WR);
                } else if (length < 0 && errno != EAGAIN) {
                    link->broken = true;
                } else if (length > 0 && pipe == &link->down) {
                    m_received += length;
                }
            } else {
                const auto length = send(pipe->to, pipe->buffer.data() + pipe->sent,
                                         pipe->buffer.size() - pipe->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (length > 0)
                    pipe->sent += std::size_t(length);
                else if (errno != EAGAIN)
                    link->broken = true;
            }
        }
        for (auto link = links.begin(); link != links.end();) {
            if (link->broken || (link->up.ended && link->down.ended)) {
                drop(*link);
                link = links.erase(link);
            } else {
                ++link;
            }
        }

        if ((polled[1].revents & POLLIN) != 0) {
            const int client = accept4(m_listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0)
                continue;
            const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_in target = addressOf(m_address, m_targetPort);
            ++m_accepted;
            if (connect(server, reinterpret_cast<sockaddr*>(&target), sizeof(target)) != 0) {
                reset(client);
                close(server);
                continue;
            }
            links.push_back({{client, server, {}}, {server, client, {}}});
            ++m_open;
        }
    }
    for (Link& link : links)
        drop(link);
    if (m_listener >= 0)
        close(m_listener);
}

} // namespace atlas::test
