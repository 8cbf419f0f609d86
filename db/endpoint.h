// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QMap>
#include <QMetaType>
#include <QString>

#include <optional>

#include "db/error.h"

namespace atlas::db {

/// libpq's own connection keywords and values ("host", "port", "service", "passfile", …). A password may be
/// held here in memory; it never leaves through redacted(), a log, an error or a file.
class ConnectionInfo
{
public:
    /// Reads "key=value …" or a postgresql:// URI with libpq's own parser.
    static Result<ConnectionInfo> parse(const QString& text);
    /// Empty: libpq's environment variables and defaults decide everything.
    ConnectionInfo() = default;

    void set(const QString& keyword, const QString& value);
    QString value(const QString& keyword) const;
    bool contains(const QString& keyword) const;
    const QMap<QString, QString>& options() const { return m_options; }
    /// For logs and errors: password and key passphrases replaced by "…".
    QString redacted() const;
    bool operator==(const ConnectionInfo&) const = default;

private:
    QMap<QString, QString> m_options;
};

/// Removes what could be a secret ("password=…", "//user:secret@") from free text such as libpq's messages.
QString redactSecrets(const QString& text);

enum class EndpointRole { Primary = 1, Replica = 2, Warehouse = 3 };

/// Somewhere statements can be sent. `id` is unique in a Client ("primary", "replica-1", "warehouse").
struct Endpoint
{
    QString id;
    EndpointRole role = EndpointRole::Primary;
    ConnectionInfo info;
    int maxConnections = 4;
    /// Sets default_transaction_read_only on every connection (also where the role could write).
    bool readOnly = true;
};

/// What is known of an endpoint now. Redshift answers 8.0.2 to server_version and is detected by version().
struct EndpointState
{
    enum class Link { Unknown = 1, Connecting, Up, Down };
    QString endpoint;
    Link link = Link::Unknown;
    QDateTime since; ///< UTC, when `link` became what it is
    std::optional<DbError> lastError;
    int serverVersion = 0; ///< 150020
    bool isRedshift = false;
    std::optional<bool> inRecovery; ///< nullopt: not asked or not known (Redshift)
    QString serverUser;
    bool tls = false;
};

} // namespace atlas::db

Q_DECLARE_METATYPE(atlas::db::EndpointState)
