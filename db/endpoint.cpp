// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/endpoint.h"

#include <QRegularExpression>

#include "db/pghandles_p.h"
#include "db/redaction.h"

namespace atlas::db {

Result<ConnectionInfo> ConnectionInfo::parse(const QString& text)
{
    if (text.contains(QChar(u'\0')))
        return DbError{.kind = ErrorKind::BadArgument,
                       .message = QStringLiteral("a connection string cannot hold a NUL character")};
    char* rawMessage = nullptr;
    const PgOptions options(PQconninfoParse(text.toUtf8().constData(), &rawMessage));
    const PgText message(rawMessage);
    if (!options) {
        QString reason =
            message ? QString::fromUtf8(message.get()).trimmed() : QStringLiteral("out of memory");
        // libpq quotes the piece that it did not understand, and with an unquoted blank in a password that
        // piece is the end of the password.
        static const QRegularExpression quoted(QStringLiteral(R"("[^\n]*")"));
        if (text.contains(QLatin1String("passw"), Qt::CaseInsensitive) || text.contains(QLatin1String("://")))
            reason.replace(quoted, QStringLiteral("\"…\""));
        return DbError{.kind = ErrorKind::BadArgument, .message = reason};
    }
    ConnectionInfo info;
    for (const PQconninfoOption* option = options.get(); option->keyword; ++option) {
        if (option->val)
            info.m_options.insert(QString::fromUtf8(option->keyword), QString::fromUtf8(option->val));
    }
    return info;
}

void ConnectionInfo::set(const QString& keyword, const QString& value)
{
    // libpq takes an empty value for one not given, and so do we: or "contains" would say something else than
    // it does.
    if (value.isEmpty())
        m_options.remove(keyword);
    else
        m_options.insert(keyword, value);
}

QString ConnectionInfo::value(const QString& keyword) const
{
    return m_options.value(keyword);
}

bool ConnectionInfo::contains(const QString& keyword) const
{
    return !m_options.value(keyword).isEmpty();
}

QString ConnectionInfo::redacted() const
{
    QStringList words;
    for (auto it = m_options.cbegin(); it != m_options.cend(); ++it) {
        if (isSecretKeyword(it.key())) {
            words += it.key() + QStringLiteral("=…");
            continue;
        }
        QString value = redactSecrets(it.value());
        static const QRegularExpression plain(QStringLiteral(R"(^[^\s'\\]+$)"));
        if (!plain.match(value).hasMatch()) {
            value.replace(u'\\', QLatin1String("\\\\")).replace(u'\'', QLatin1String("\\'"));
            value = u'\'' + value + u'\'';
        }
        words += it.key() + u'=' + value;
    }
    return words.join(u' ');
}

} // namespace atlas::db
