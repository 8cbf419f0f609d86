// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/activity/sqlhighlighter.h"

#include <QSet>

#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {

bool isKeyword(const QString& word)
{
    static const QSet<QString> keywords = [] {
        const char* const words = "select from where and or not in is null as on join left right inner outer "
                                  "full cross lateral using order by "
                                  "group having limit offset union all distinct case when then else end "
                                  "exists between like with materialized "
                                  "insert into values update set delete returning begin commit rollback asc "
                                  "desc true false any filter over "
                                  "partition create table index function call cast coalesce array unnest "
                                  "copy stdin stdout do nothing conflict";
        const QStringList list = QString::fromLatin1(words).split(QLatin1Char(' '));
        return QSet<QString>(list.cbegin(), list.cend());
    }();
    return keywords.contains(word.toLower());
}

bool isWord(QChar character)
{
    return character.isLetterOrNumber() || character == QLatin1Char('_');
}

} // namespace

SqlHighlighter::SqlHighlighter(QTextDocument* document)
    : QSyntaxHighlighter(document)
{
    connect(&Theme::instance(), &Theme::changed, this, &QSyntaxHighlighter::rehighlight);
}

void SqlHighlighter::highlightBlock(const QString& text)
{
    const auto mark = [this](qsizetype from, qsizetype to, ColorRole role) {
        setFormat(int(from), int(to - from), color(role));
    };
    qsizetype at = 0;
    while (at < text.size()) {
        const QChar character = text.at(at);
        const qsizetype start = at;
        if (character == QLatin1Char('-') && at + 1 < text.size() && text.at(at + 1) == QLatin1Char('-')) {
            mark(at, text.size(), ColorRole::TextMuted);
            return;
        }
        if (character == QLatin1Char('\'')) {
            ++at;
            while (at < text.size() && text.at(at) != QLatin1Char('\''))
                ++at;
            ++at;
            mark(start, qMin(at, text.size()), ColorRole::Positive);
        } else if (character == QLatin1Char('$')) {
            ++at;
            while (at < text.size() && text.at(at).isDigit())
                ++at;
            mark(start, at, ColorRole::Hot);
        } else if (isWord(character)) {
            while (at < text.size() && isWord(text.at(at)))
                ++at;
            const QString word = text.mid(start, at - start);
            if (isKeyword(word))
                mark(start, at, ColorRole::Info);
            else if (word.at(0).isDigit())
                mark(start, at, ColorRole::Hot);
        } else {
            ++at;
        }
    }
}

} // namespace atlas::gui
