// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace atlas::test {

/// Takes connections on 127.0.0.1 and never says a word: a server that hangs, as its clients see it.
class SilentServer
{
public:
    SilentServer();
    ~SilentServer();
    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;

    int port() const { return m_port; }
    /// Somebody has connected, and may still hope.
    bool wasCalled() const;

private:
    int m_listener = -1;
    int m_port = 0;
};

} // namespace atlas::test
