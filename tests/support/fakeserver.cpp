// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/fakeserver.h"

#include <QtEndian>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace atlas::test {

namespace {

constexpr quint32 SslRequest = 80877103;
constexpr quint32 CancelRequest = 80877102;
constexpr quint32 GssRequest = 80877104;

QByteArray int32(qint32 value)
{
    QByteArray bytes(4, '\0');
    qToBigEndian(value, bytes.data());
    return bytes;
}

QByteArray int16(qint16 value)
{
    QByteArray bytes(2, '\0');
    qToBigEndian(value, bytes.data());
    return bytes;
}

QByteArray text(const QByteArray& value)
{
    return value + '\0';
}

QByteArray message(char type, const QByteArray& body)
{
    return type + int32(qint32(body.size()) + 4) + body;
}

/// A socket with what has been read from it and not used yet.
struct Stream
{
    int socket;
    QByteArray buffer{};

    bool fill(qsizetype wanted)
    {
        while (buffer.size() < wanted) {
            QByteArray chunk(64 * 1024, '\0');
            const auto length = recv(socket, chunk.data(), std::size_t(chunk.size()), 0);
            if (length <= 0)
                return false;
            buffer.append(chunk.constData(), length);
        }
        return true;
    }
    QByteArray take(qsizetype length)
    {
        const QByteArray taken = buffer.left(length);
        buffer.remove(0, length);
        return taken;
    }
    bool send(const QByteArray& bytes) const
    {
        return ::send(socket, bytes.constData(), std::size_t(bytes.size()), MSG_NOSIGNAL) == bytes.size();
    }
};

QByteArray encode(const FakeServer::Reply& reply)
{
    if (!reply.sqlState.isEmpty()) {
        return message('E', 'S' + text("ERROR") + 'V' + text("ERROR") + 'C' + text(reply.sqlState) + 'M' +
                                text(reply.message) + '\0');
    }
    QByteArray bytes;
    if (!reply.columns.isEmpty()) {
        QByteArray description = int16(qint16(reply.columns.size()));
        for (const QByteArray& column : reply.columns)
            description += text(column) + int32(0) + int16(0) + int32(25) + int16(-1) + int32(-1) + int16(0);
        bytes += message('T', description);
        for (const auto& row : reply.rows) {
            QByteArray data = int16(qint16(row.size()));
            for (const auto& cell : row)
                data += cell ? int32(qint32(cell->size())) + *cell : int32(-1);
            bytes += message('D', data);
        }
    }
    return bytes + message('C', text(reply.tag));
}

} // namespace

FakeServer::FakeServer(std::map<QByteArray, QByteArray> parameters, Handler handler)
    : m_parameters(std::move(parameters))
    , m_handler(std::move(handler))
    , m_listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (bind(m_listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(m_listener, 16) != 0)
        qFatal("the fake server cannot listen");
    getsockname(m_listener, reinterpret_cast<sockaddr*>(&address), &length);
    m_port = ntohs(address.sin_port);
    m_acceptor = std::thread([this] { acceptAll(); });
}

FakeServer::~FakeServer()
{
    shutdown(m_listener, SHUT_RDWR);
    m_acceptor.join();
    {
        const std::lock_guard lock(m_mutex);
        for (const int socket : m_sockets)
            shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : m_threads)
        thread.join();
    for (const int socket : m_sockets)
        close(socket);
    close(m_listener);
}

QList<QByteArray> FakeServer::statements() const
{
    const std::lock_guard lock(m_mutex);
    return m_statements;
}

std::map<QByteArray, QByteArray> FakeServer::startup() const
{
    const std::lock_guard lock(m_mutex);
    return m_startup;
}

void FakeServer::acceptAll()
{
    for (;;) {
        const int socket = accept4(m_listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0)
            return;
        const std::lock_guard lock(m_mutex);
        m_sockets.push_back(socket);
        m_threads.emplace_back([this, socket] {
            serve(socket);
            shutdown(socket, SHUT_RDWR);
        });
    }
}

void FakeServer::serve(int socket)
{
    Stream stream{socket};
    for (;;) {
        if (!stream.fill(8))
            return;
        const auto length = qFromBigEndian<qint32>(stream.buffer.constData());
        const auto code = qFromBigEndian<quint32>(stream.buffer.constData() + 4);
        if (!stream.fill(length))
            return;
        const QByteArray packet = stream.take(length);
        if (code == CancelRequest) {
            ++m_cancels;
            return;
        }
        if (code == SslRequest || code == GssRequest) {
            stream.send("N");
            continue;
        }
        const std::lock_guard lock(m_mutex);
        const QList<QByteArray> words = packet.mid(8).split('\0');
        m_startup.clear();
        for (qsizetype i = 0; i + 1 < words.size() && !words[i].isEmpty(); i += 2)
            m_startup[words[i]] = words[i + 1];
        break;
    }
    ++m_connections;
    QByteArray hello = message('R', int32(0));
    for (const auto& [name, value] : m_parameters)
        hello += message('S', text(name) + text(value));
    hello += message('K', int32(1) + int32(2)) + message('Z', "I");
    stream.send(hello);

    QByteArray prepared;
    QByteArray answer;
    const auto run = [&](const QByteArray& sql, bool extended) {
        {
            const std::lock_guard lock(m_mutex);
            m_statements += sql;
        }
        const Reply reply = m_handler(sql);
        if (reply.hangUp)
            return false;
        if (!reply.raw.isEmpty()) {
            answer += reply.raw;
            return true;
        }
        if (extended && reply.sqlState.isEmpty())
            answer += message('1', {}) + message('2', {}) +
                      (reply.columns.isEmpty() ? message('n', {}) : QByteArray());
        answer += encode(reply);
        return true;
    };
    for (;;) {
        if (!stream.fill(5))
            return;
        const char type = stream.buffer.front();
        const auto length = qFromBigEndian<qint32>(stream.buffer.constData() + 1);
        if (!stream.fill(1 + length))
            return;
        const QByteArray body = stream.take(1 + length).mid(5);
        switch (type) {
        case 'Q':
            if (!run(body.chopped(1), false))
                return;
            break;
        case 'P':
            prepared = body.mid(body.indexOf('\0') + 1);
            prepared.truncate(prepared.indexOf('\0'));
            continue;
        case 'E':
            if (!run(prepared, true))
                return;
            continue;
        case 'S':
            break;
        case 'X':
            return;
        default: // Bind, Describe, Flush: part of what Execute answers
            continue;
        }
        char next = 0;
        if (!stream.buffer.isEmpty() || recv(socket, &next, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
            m_sawPipeline = true;
        if (!stream.send(std::exchange(answer, {}) + message('Z', "I")))
            return;
    }
}

} // namespace atlas::test
