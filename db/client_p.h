// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>

#include <memory>
#include <mutex>
#include <variant>

#include "db/engine_p.h"

namespace atlas::db {

class Client::Private
{
public:
    explicit Private(Client* client);

    struct Started
    {
        StatementRecord record;
    };
    struct Finished
    {
        StatementRecord record;
    };
    using Signal = std::variant<EndpointState, Started, Finished>;

    void raise(Signal signal);
    void emitAll();
    RequestPtr request(const QString& endpoint, Request::Kind kind, Statement statement) const;
    RequestId submit(const RequestPtr& request, QObject* receiver, ReceiverSink::Handlers handlers) const;

    Client* const q;
    Mailbox<Signal> signals_;
    std::shared_ptr<Engine> engine;

    mutable std::mutex mutex; ///< guards what follows
    QMap<QString, Endpoint> endpoints;
    QHash<QString, EndpointState> states;
};

} // namespace atlas::db
