// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/connectfailure.h"

#include <QRegularExpression>
#include <QStringList>

#include "db/endpoint.h"
#include "db/sqlstate.h"

namespace atlas::db {

namespace {

/// `FATAL:  28P01: password authentication failed …`: severity in any language, two blanks, SQLSTATE.
const QRegularExpression& serverMessage()
{
    static const QRegularExpression pattern(QStringLiteral(R"((?:^|[\s:])\S+:  ([0-9A-Z]{5}): (.*)$)"));
    return pattern;
}

/// `LOCATION:  auth_failed, auth.c:326`: of no use to anyone but the server's authors.
bool isLocation(const QString& line)
{
    static const QRegularExpression pattern(QStringLiteral(R"(^\S+:  \w+, [\w.]+:\d+$)"));
    return pattern.match(line).hasMatch();
}

/// The connection ended without a word of the other side's.
bool isBrokenOff(const ConnectFailure& failure)
{
    return failure.message.contains("closed the connection") || failure.message.contains("SYSCALL") ||
           failure.message.contains("could not receive data");
}

ErrorKind kindOfPhase(const ConnectFailure& failure)
{
    switch (failure.phase) {
    case ConnectPhase::Configuring:
        return ErrorKind::BadArgument;
    case ConnectPhase::Reaching:
        return ErrorKind::Refused;
    case ConnectPhase::TlsRequest:
        // Closed without an answer: going down, overloaded, or no PostgreSQL at all. Else it answered "no
        // TLS".
        return failure.peerClosed || isBrokenOff(failure) ? ErrorKind::Unavailable : ErrorKind::Tls;
    case ConnectPhase::TlsHandshake:
        // A server that was killed half way says nothing of TLS; one that refuses sends an alert.
        return isBrokenOff(failure) ? ErrorKind::Unavailable : ErrorKind::Tls;
    case ConnectPhase::Authenticating:
        if (failure.needsPassword)
            return ErrorKind::Authentication;
        // Since TLS 1.3 a server refuses a client's certificate after the client thinks that all is well.
        // OpenSSL's own words are not translated.
        if (failure.tls && failure.message.contains("alert"))
            return ErrorKind::Tls;
        // Without a code there was no answer to the login: closed, or something libpq would not go on with.
        if (failure.peerClosed || isBrokenOff(failure))
            return ErrorKind::Unavailable;
        return ErrorKind::Authentication;
    case ConnectPhase::Checking:
        return ErrorKind::Unavailable;
    }
    return ErrorKind::Other;
}

} // namespace

DbError classifyConnectFailure(const ConnectFailure& failure)
{
    DbError error;
    error.kind = kindOfPhase(failure);

    QStringList plain;
    QStringList details;
    bool fromServer = false;
    const QStringList lines = QString::fromUtf8(failure.message).split(u'\n', Qt::SkipEmptyParts);
    for (const QString& line : lines) {
        const auto match = serverMessage().match(line);
        if (match.hasMatch()) {
            // Several attempts (hosts, addresses, with and without TLS) leave several messages: the last one
            // counts.
            error.sqlState = match.captured(1);
            error.message = match.captured(2);
            details.clear();
            fromServer = true;
        } else if (isLocation(line)) {
            continue;
        } else if (fromServer && !line.startsWith(QLatin1String("connection to server"))) {
            details += line.trimmed();
        } else {
            plain += line.trimmed();
        }
    }
    // A code from an earlier host says nothing about the last one, which did not get that far.
    const bool reachedServer =
        failure.phase != ConnectPhase::Configuring && failure.phase != ConnectPhase::Reaching;
    if (fromServer && (reachedServer || plain.isEmpty())) {
        const ErrorKind kind = kindOfSqlState(error.sqlState.toLatin1());
        // 57P01 and its kin at login: it was never established, so nothing can be lost.
        error.kind =
            kind == ErrorKind::ConnectionLost || kind == ErrorKind::Other ? ErrorKind::Unavailable : kind;
        error.detail = redactSecrets(details.join(u'\n'));
    } else {
        error.sqlState.clear();
        error.message = (plain + details).join(u' ');
    }
    error.message = redactSecrets(error.message);
    if (error.message.isEmpty())
        error.message = QStringLiteral("the connection failed without a reason given");
    return error;
}

} // namespace atlas::db
