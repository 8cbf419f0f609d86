// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <atomic>
#include <memory>
#include <thread>

namespace atlas::test {

/// A link to a server that can be frozen, cut or refused at will: what a network and a stopped server do,
/// without harm to a server that others use too. Listens on 127.0.0.1.
class TcpProxy
{
public:
    TcpProxy(QString targetAddress, int targetPort);
    ~TcpProxy();
    TcpProxy(const TcpProxy&) = delete;
    TcpProxy& operator=(const TcpProxy&) = delete;

    int port() const { return m_port; }
    /// Frozen: connections are taken and kept, but nothing travels, as with a stopped server.
    void setFrozen(bool frozen);
    /// Refusing: nobody listens on the port, as with a dead server. Connections that exist are not touched.
    void setRefusing(bool refusing);
    /// Resets every connection.
    void cutAll();
    /// Connections taken so far, and how many of them are open.
    int accepted() const { return m_accepted; }
    int open() const { return m_open; }
    /// From the server to the client.
    qint64 bytesReceived() const { return m_received; }

private:
    void run();
    void wake() const;
    int listenOn(int port) const;

    const QString m_address;
    const int m_targetPort;
    int m_port = 0;
    int m_wakeUp = -1;
    std::atomic<bool> m_stop{false};
    std::atomic<bool> m_frozen{false};
    std::atomic<bool> m_refusing{false};
    std::atomic<bool> m_isRefusing{false};
    std::atomic<int> m_cut{0};
    std::atomic<int> m_cutDone{0};
    std::atomic<int> m_accepted{0};
    std::atomic<int> m_open{0};
    std::atomic<qint64> m_received{0};
    int m_listener = -1; ///< the thread's
    std::thread m_thread;
};

} // namespace atlas::test
