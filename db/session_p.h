// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <mutex>

#include "db/engine_p.h"

namespace atlas::db {

struct Session::Private
{
    Private(std::shared_ptr<Engine> e, quint64 i, QString name)
        : engine(std::move(e))
        , id(i)
        , endpoint(std::move(name))
    {
    }
    ~Private() { engine->closeSession(id); }
    Private(const Private&) = delete;
    Private& operator=(const Private&) = delete;

    static std::shared_ptr<Session> make(std::shared_ptr<Engine> engine, quint64 id, const QString& endpoint);

    RequestPtr request(Request::Kind kind, Statement statement) const;
    /// The request is sent behind all others of this session. For a CopyIn, write() and finish() now mean
    /// this one.
    RequestId submit(const RequestPtr& request);
    qint64 write(QByteArray data);
    void endCopy(std::optional<QByteArray> failure);
    void notifyWhenBelow(qint64 bytes, std::shared_ptr<Sink> sink);

    const std::shared_ptr<Engine> engine;
    const quint64 id;
    const QString endpoint;

    std::mutex mutex; ///< guards what follows: a session may be used from more than one thread
    RequestId copyId = 0;
    std::shared_ptr<CopyFeed> feed;
};

/// A sink on `receiver`'s thread for this request: receiver gone, request stopped.
std::shared_ptr<Sink> receiverSink(const std::shared_ptr<Engine>& engine, RequestId id, QObject* receiver,
                                   ReceiverSink::Handlers handlers);

} // namespace atlas::db
