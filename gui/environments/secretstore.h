// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMap>
#include <QObject>
#include <QString>
#include <QStringList>

#include <functional>

#include "model/environment/environment.h"

namespace atlas::gui {

/// Passwords in the system keychain (Secret Service, KWallet). Every call returns at once and answers once,
/// on the GUI thread, at the latest after a few seconds: a keychain that hangs must not hold up the window.
namespace secrets {

/// False when the console was built without a keychain; everything below then answers with an error.
bool isAvailable();

/// One password: who logs in to which of the two worlds (the cluster, the warehouse) of an environment.
QString keyFor(const QString& environment, bool isWarehouse, const QString& login);
/// The keys an environment may have, for reading them before the first connection.
QStringList keysOf(const Environment& environment);

/// `error` is empty when it worked.
void write(const QString& key, const QString& password, QObject* receiver,
           std::function<void(QString error)> done);
void remove(const QString& key, QObject* receiver, std::function<void(QString error)> done);
/// An environment takes its passwords along when it gets another name. `environment` has its old one.
void rename(const Environment& environment, const QString& newName, QObject* receiver,
            std::function<void(QString error)> done);
/// Answers with those that were found.
void readAll(const QStringList& keys, QObject* receiver, std::function<void(QMap<QString, QString>)> done);
/// Answers with the endpoint and its password: the one it has, else the one that is kept for it under that
/// environment's name. At once when there is nothing to look up (it has one, or `environment` is empty).
void withPassword(const db::Endpoint& endpoint, const QString& environment, QObject* receiver,
                  std::function<void(db::Endpoint)> done);

} // namespace secrets

} // namespace atlas::gui
