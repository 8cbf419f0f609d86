// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>

#include <optional>
#include <vector>

#include "model/browse/browse.h"
#include "model/catalog/valuetype.h"

class QIODevice;

/// Rows of a result as text, for files, pipes and terminals. Bounded memory whatever the number of rows.
namespace atlas::exporting {

/// Table is for people and terminals: values are escaped and shortened. Csv and JsonLines lose nothing.
enum class RowFormat { Table = 1, Csv, JsonLines };
/// "table", "csv", "jsonl": the words of the command line.
QString rowFormatName(RowFormat format);
std::optional<RowFormat> rowFormatFromName(QStringView name);
/// "csv", "jsonl", "txt": without the dot.
QString fileSuffix(RowFormat format);

/// An attribute column. Its values come in browse::Row::values in this order.
struct RowColumn
{
    QString name;
    ValueType type = ValueType::String;
};
/// The columns with these ids, in this order; ids that the catalogue does not have are named by their number.
QList<RowColumn> rowColumns(const QList<int>& attributeIds, const AttributeCatalog& catalog);

/// Writes rows as they come, all of them with the asset's id, type, name and newest observation.
///
/// Csv: RFC 4180 with "\n" after each line, in UTF-8 without a mark; an empty string is "" and a missing
/// value is nothing, as COPY … CSV reads them. The columns are id, type, name, the attributes, seen; where an
/// attribute has one of these names the column of the asset is called entity.id, entity.type or entity.name
/// instead.
///
/// JsonLines: {"id":…,"type":…,"name":…,"observed_at":…,"attributes":{…}}, what `atlasctl import` reads.
/// Numbers are written digit by digit as they were sent, JSON values as they are, timestamps as strings; what
/// an asset does not have is left out.
class RowWriter
{
public:
    /// `device` is open for writing and outlives the writer.
    RowWriter(RowFormat format, QIODevice* device, QList<RowColumn> columns);

    /// All three return false once the device has refused something; error() then says why.
    bool begin();
    bool write(const browse::Row& row);
    /// Writes what is held back (Table measures its first rows). The device stays open.
    bool finish();

    qint64 rows() const { return m_rows; }
    QString error() const { return m_error; }

private:
    bool put(const QByteArray& bytes);
    QByteArray csvLine(const browse::Row& row) const;
    QByteArray jsonLine(const browse::Row& row) const;
    QStringList tableCells(const browse::Row& row) const;
    QByteArray tableLine(const QStringList& cells) const;
    bool flushTable();

    RowFormat m_format;
    QIODevice* m_device;
    QList<RowColumn> m_columns;
    QList<QByteArray> m_jsonKeys; ///< quoted once, not once a row
    std::vector<QStringList> m_held;
    QList<int> m_widths;
    bool m_measured = false;
    qint64 m_rows = 0;
    QString m_error;
};

/// One field as Csv writes it.
QByteArray csvField(const QString& text);
/// A JSON string with its quotes. Invalid surrogates become U+FFFD.
QByteArray jsonString(const QString& text);
/// A value of an attribute as JSON. Text that is not what its type says is written as a string.
QByteArray jsonValue(ValueType type, const QString& text);
/// On one line of a terminal: controls and invisible characters escaped, at most `mostCells` wide.
QString terminalText(const QString& text, int mostCells);
/// Cells of a terminal that the text takes.
int terminalWidth(const QString& text);

} // namespace atlas::exporting
