// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/activity/psqltext.h"

#include "db/utf8.h"

namespace atlas::gui {

namespace {

/// A literal that holds on one line and in psql: with a line break, a backslash or a control character in it,
/// the escape form is used, where they are written out.
QString literal(const QByteArray& value)
{
    const QString text = db::textOf(value);
    bool plain = true;
    for (const QChar character : text)
        plain = plain && character != QLatin1Char('\\') && character.unicode() >= 0x20 &&
                character.unicode() != 0x7f;
    QString quoted = plain ? QStringLiteral("'") : QStringLiteral("E'");
    for (const QChar character : text) {
        if (character == QLatin1Char('\''))
            quoted += QLatin1String("''");
        else if (!plain && character == QLatin1Char('\\'))
            quoted += QLatin1String("\\\\");
        else if (!plain && (character.unicode() < 0x20 || character.unicode() == 0x7f))
            quoted += QStringLiteral("\\u%1").arg(ushort(character.unicode()), 4, 16, QLatin1Char('0'));
        else
            quoted += character;
    }
    return quoted + QLatin1Char('\'');
}

} // namespace

QString psqlText(const db::Statement& statement)
{
    QString sql = QString::fromUtf8(statement.sql).trimmed();
    while (sql.endsWith(QLatin1Char(';')))
        sql = sql.chopped(1).trimmed();
    if (statement.params.isEmpty())
        return sql + QLatin1String(";\n");
    QStringList values;
    for (const db::Param& param : statement.params)
        values << (param ? literal(*param) : QStringLiteral("NULL"));
    // A comment at the end of the SQL must not swallow the semicolon.
    return QStringLiteral("PREPARE atlas_statement AS\n%1\n;\nEXECUTE atlas_statement(%2);\nDEALLOCATE "
                          "atlas_statement;\n")
        .arg(sql, values.join(QStringLiteral(", ")));
}

} // namespace atlas::gui
