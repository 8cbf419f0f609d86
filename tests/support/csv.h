// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QList>

#include <optional>

namespace atlas::test {

/// A line of CSV; nullopt is a field with nothing in it, not even quotes.
using CsvRow = QList<std::optional<QByteArray>>;

/// Reads RFC 4180 as the product writes it, written apart from it. Bytes, because decoding drops a byte order
/// mark at the beginning. What follows a closing quote other than a comma or the line's end stays in the
/// field, so that a wrong line compares unequal.
inline QList<CsvRow> csvRows(const QByteArray& text)
{
    QList<CsvRow> rows;
    CsvRow row;
    std::optional<QByteArray> field;
    bool quoted = false;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text.at(i);
        if (quoted) {
            if (c != '"') {
                field->append(c);
            } else if (i + 1 < text.size() && text.at(i + 1) == '"') {
                field->append('"');
                ++i;
            } else {
                quoted = false;
            }
        } else if (c == '"' && !field) {
            field.emplace();
            quoted = true;
        } else if (c == ',' || c == '\n') {
            row.append(field);
            field.reset();
            if (c == '\n') {
                rows.append(row);
                row.clear();
            }
        } else {
            if (!field)
                field.emplace();
            field->append(c);
        }
    }
    // The last line without its end.
    if (field || !row.isEmpty()) {
        row.append(field);
        rows.append(row);
    }
    return rows;
}

} // namespace atlas::test
