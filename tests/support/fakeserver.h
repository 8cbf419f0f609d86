// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QList>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace atlas::test {

/// Speaks just enough of the PostgreSQL protocol, version 3, to stand in for servers that no test machine has
/// (Redshift) and for those that misbehave. Trusts everybody, offers no TLS, listens on 127.0.0.1.
class FakeServer
{
public:
    struct Reply
    {
        QList<QByteArray> columns{};
        QList<QList<std::optional<QByteArray>>> rows{};
        QByteArray tag = "SELECT";
        QByteArray sqlState{}; ///< not empty: an error
        QByteArray message{};
        QByteArray raw{};    ///< not empty: sent as it is instead of everything else
        bool hangUp = false; ///< closes instead of answering
    };
    /// Called on the server's threads for each statement, whole as it came.
    using Handler = std::function<Reply(const QByteArray& sql)>;

    FakeServer(std::map<QByteArray, QByteArray> parameters, Handler handler);
    ~FakeServer();
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;

    int port() const { return m_port; }
    /// Every statement that came, in order.
    QList<QByteArray> statements() const;
    /// Parameters of startup packets, the last one's.
    std::map<QByteArray, QByteArray> startup() const;
    /// Something was sent on before the answer to what came before it.
    bool sawPipeline() const { return m_sawPipeline; }
    int connections() const { return m_connections; }
    int cancelRequests() const { return m_cancels; }

private:
    void acceptAll();
    void serve(int socket);

    const std::map<QByteArray, QByteArray> m_parameters;
    const Handler m_handler;
    int m_listener = -1;
    int m_port = 0;
    std::atomic<bool> m_sawPipeline{false};
    std::atomic<int> m_connections{0};
    std::atomic<int> m_cancels{0};
    mutable std::mutex m_mutex; ///< guards what follows
    QList<QByteArray> m_statements;
    std::map<QByteArray, QByteArray> m_startup;
    std::vector<int> m_sockets;
    std::vector<std::thread> m_threads;
    std::thread m_acceptor;
};

} // namespace atlas::test
