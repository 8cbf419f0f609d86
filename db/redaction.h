// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QString>

namespace atlas::db {

/// A libpq keyword whose value is nobody's business ("password", "sslpassword", "oauth_client_secret", …).
bool isSecretKeyword(const QString& keyword);

/// The same as redactSecrets() for an SQL text ("alter role r password '…'"); returns it unchanged, and
/// without decoding it, when nothing in it could be a secret.
QByteArray redactSql(const QByteArray& sql);

} // namespace atlas::db
