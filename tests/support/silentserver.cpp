// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/silentserver.h"

#include <QtGlobal>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace atlas::test {

SilentServer::SilentServer()
    : m_listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    // The kernel completes the connections; nobody ever takes them.
    if (bind(m_listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(m_listener, 64) != 0 ||
        getsockname(m_listener, reinterpret_cast<sockaddr*>(&address), &length) != 0)
        qFatal("the silent server cannot listen: %s", std::strerror(errno));
    m_port = ntohs(address.sin_port);
}

SilentServer::~SilentServer()
{
    close(m_listener);
}

bool SilentServer::wasCalled() const
{
    pollfd listener{m_listener, POLLIN, 0};
    return poll(&listener, 1, 0) > 0;
}

} // namespace atlas::test
