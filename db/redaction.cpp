// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/redaction.h"

#include <QRegularExpression>

#include "db/endpoint.h"

namespace atlas::db {

bool isSecretKeyword(const QString& keyword)
{
    return keyword.contains(QLatin1String("password"), Qt::CaseInsensitive) ||
           keyword.contains(QLatin1String("secret"), Qt::CaseInsensitive) ||
           keyword.startsWith(QLatin1String("scram_"), Qt::CaseInsensitive);
}

QString redactSecrets(const QString& text)
{
    struct Rule
    {
        QRegularExpression pattern;
        QString replacement;
    };
    // When in doubt, more is hidden than needed: a value ends at white space only, although in a URI it ends
    // at '&'.
    static const QList<Rule> rules{
        // postgresql://user:secret@host, where people also write '@' and '/' into the secret unescaped.
        {QRegularExpression(QStringLiteral(R"((\b[a-z][a-z0-9+.-]*://[^\s:/@?#]*):[^\s"]*@)"),
                            QRegularExpression::CaseInsensitiveOption),
         QStringLiteral("\\1:…@")},
        // "password": "…" and 'password': '…' of JSON and its relatives
        {QRegularExpression(
             QStringLiteral(
                 R"((["']\w*(?:password|passwd|passphrase|pwd|secret|secret_access_key|session_token)\w*["']\s*[:=]\s*)("(?:\\.|[^"\\])*(?:"|$)|'(?:\\.|[^'\\])*(?:'|$)|(?!…)\S+))"),
             QRegularExpression::CaseInsensitiveOption | QRegularExpression::DotMatchesEverythingOption),
         QStringLiteral("\\1…")},
        // A value in doubled quotes is one inside an SQL string.
        // password=…, PGPASSWORD = '…', sslpassword=…, aws_secret_access_key=…
        {QRegularExpression(
             QStringLiteral(
                 R"((\w*(?:password|passwd|passphrase|pwd|secret|secret_access_key|session_token|scram_client_key|scram_server_key)\s*=\s*)(''(?:[^']|'(?!'))*''|'(?:\\.|''|[^'\\])*(?:'|$)|"(?:\\.|[^"\\])*(?:"|$)|(?!…)\S+))"),
             QRegularExpression::CaseInsensitiveOption | QRegularExpression::DotMatchesEverythingOption),
         QStringLiteral("\\1…")},
        // SQL: PASSWORD '…', IDENTIFIED BY '…', SECRET_ACCESS_KEY '…', PASSWORD $x$…$x$
        {QRegularExpression(
             QStringLiteral(
                 R"(\b(password|identified\s+by|secret_access_key|session_token|credentials)(\s+(?:as\s+)?)(?:E?'(?:\\.|''|[^'\\])*(?:'|$)|(\$\w*\$).*?(?:\3|$)))"),
             QRegularExpression::CaseInsensitiveOption | QRegularExpression::DotMatchesEverythingOption),
         QStringLiteral("\\1\\2'…'")},
    };
    QString redacted = text;
    for (const Rule& rule : rules)
        redacted.replace(rule.pattern, rule.replacement);
    return redacted;
}

QByteArray redactSql(const QByteArray& sql)
{
    // Nearly every statement ends here; the patterns above would cost more than the rest of the bookkeeping.
    static const QRegularExpression suspicious(
        QStringLiteral("passw|passphrase|pwd|secret|identified|session_token|credentials|://"),
        QRegularExpression::CaseInsensitiveOption);
    const QString text = QString::fromUtf8(sql);
    if (!suspicious.match(text).hasMatch())
        return sql;
    const QString redacted = redactSecrets(text);
    return redacted == text ? sql : redacted.toUtf8();
}

} // namespace atlas::db
