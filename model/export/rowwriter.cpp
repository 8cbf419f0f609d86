// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/export/rowwriter.h"

#include <QIODevice>

#include <algorithm>

namespace atlas::exporting {

namespace {
constexpr int tableMeasuredRows = 200;
constexpr int tableWidestCell = 48;

QString isoUtc(const QDateTime& time)
{
    if (!time.isValid())
        return {};
    const bool fraction = time.time().msec() != 0;
    return time.toUTC().toString(fraction ? Qt::ISODateWithMs : Qt::ISODate);
}

/// RFC 8259: what QString::toDouble takes is wider (".5", "1.", "+1", " 1 ").
bool isJsonNumber(const QString& text)
{
    qsizetype i = 0;
    const qsizetype n = text.size();
    const auto digits = [&] {
        const qsizetype start = i;
        while (i < n && text[i] >= QLatin1Char('0') && text[i] <= QLatin1Char('9'))
            ++i;
        return i - start;
    };
    if (i < n && text[i] == QLatin1Char('-'))
        ++i;
    const bool zero = i < n && text[i] == QLatin1Char('0');
    const qsizetype whole = digits();
    if (whole == 0 || (zero && whole > 1))
        return false;
    if (i < n && text[i] == QLatin1Char('.')) {
        ++i;
        if (digits() == 0)
            return false;
    }
    if (i < n && (text[i] == QLatin1Char('e') || text[i] == QLatin1Char('E'))) {
        ++i;
        if (i < n && (text[i] == QLatin1Char('+') || text[i] == QLatin1Char('-')))
            ++i;
        if (digits() == 0)
            return false;
    }
    return i == n;
}

bool isInvisible(char32_t c)
{
    switch (QChar::category(c)) {
    case QChar::Other_Control:
    case QChar::Other_Format:
    case QChar::Other_Surrogate:
    case QChar::Other_NotAssigned:
    case QChar::Separator_Line:
    case QChar::Separator_Paragraph:
        return true;
    default:
        return false;
    }
}

/// East Asian Wide and Fullwidth blocks and emoji (UAX #11), coarse: terminals differ in the rest anyway.
bool isWide(char32_t c)
{
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) || (c >= 0x3041 && c <= 0xa4cf) ||
           (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
           (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
           (c >= 0x20000 && c <= 0x3fffd);
}

int cells(char32_t c)
{
    const QChar::Category category = QChar::category(c);
    if (category == QChar::Mark_NonSpacing || category == QChar::Mark_Enclosing)
        return 0;
    return isWide(c) ? 2 : 1;
}
} // namespace

QString rowFormatName(RowFormat format)
{
    switch (format) {
    case RowFormat::Table:
        return QStringLiteral("table");
    case RowFormat::Csv:
        return QStringLiteral("csv");
    case RowFormat::JsonLines:
        return QStringLiteral("jsonl");
    }
    return {};
}

std::optional<RowFormat> rowFormatFromName(QStringView name)
{
    for (const RowFormat format : {RowFormat::Table, RowFormat::Csv, RowFormat::JsonLines}) {
        if (name == rowFormatName(format))
            return format;
    }
    return std::nullopt;
}

QString fileSuffix(RowFormat format)
{
    return format == RowFormat::Table ? QStringLiteral("txt") : rowFormatName(format);
}

QList<RowColumn> rowColumns(const QList<int>& attributeIds, const AttributeCatalog& catalog)
{
    QList<RowColumn> columns;
    for (const int id : attributeIds) {
        const Attribute* attribute = catalog.findId(id);
        columns.append(attribute ? RowColumn{attribute->name, attribute->type}
                                 : RowColumn{QString::number(id), ValueType::String});
    }
    return columns;
}

QByteArray csvField(const QString& text)
{
    // An empty string must differ from no value at all; edges are quoted because many readers trim.
    const bool quoted = text.isEmpty() || text.front().isSpace() || text.back().isSpace() ||
                        std::any_of(text.cbegin(), text.cend(), [](QChar c) {
                            return c == QLatin1Char(',') || c == QLatin1Char('"') || c == QLatin1Char('\n') ||
                                   c == QLatin1Char('\r') || c == QLatin1Char(';') || c == QLatin1Char('\t');
                        });
    QByteArray bytes = text.toUtf8();
    if (!quoted)
        return bytes;
    bytes.replace('"', "\"\"");
    return '"' + bytes + '"';
}

QByteArray jsonString(const QString& text)
{
    QByteArray out;
    const QByteArray utf8 = text.toUtf8();
    out.reserve(utf8.size() + 2);
    out += '"';
    for (const char c : utf8) {
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            if (static_cast<unsigned char>(c) < 0x20) {
                out += "\\u00";
                out += QByteArray::number(static_cast<unsigned char>(c), 16).rightJustified(2, '0');
            } else {
                out += c;
            }
        }
    }
    out += '"';
    return out;
}

QByteArray jsonValue(ValueType type, const QString& text)
{
    switch (type) {
    case ValueType::Number:
        return isJsonNumber(text) ? text.toUtf8() : jsonString(text);
    case ValueType::Boolean:
        return text == QLatin1String("true") || text == QLatin1String("false") ? text.toUtf8()
                                                                               : jsonString(text);
    case ValueType::Json: {
        // Line breaks in JSON can only stand between its tokens.
        QByteArray bytes = text.toUtf8();
        bytes.replace('\n', ' ').replace('\r', ' ');
        return bytes.isEmpty() ? jsonString(text) : bytes;
    }
    case ValueType::String:
    case ValueType::Timestamp:
        break;
    }
    return jsonString(text);
}

int terminalWidth(const QString& text)
{
    int width = 0;
    for (const char32_t c : text.toUcs4())
        width += cells(c);
    return width;
}

QString terminalText(const QString& text, int mostCells)
{
    QString out;
    int width = 0;
    qsizetype fits = 0; // length of the longest start that leaves a cell for the ellipsis
    for (const char32_t c : text.toUcs4()) {
        QString piece;
        if (c == U'\n')
            piece = QStringLiteral("\\n");
        else if (c == U'\t')
            piece = QStringLiteral("\\t");
        else if (c == U'\r')
            piece = QStringLiteral("\\r");
        else if (isInvisible(c))
            piece = QStringLiteral("\\u{%1}").arg(quint32(c), 0, 16);
        else
            piece = QString::fromUcs4(&c, 1);
        width += piece.size() > 2 || (piece.size() == 2 && piece.at(0) == QLatin1Char('\\'))
                     ? int(piece.size())
                     : cells(c);
        if (width > mostCells) {
            out.truncate(fits);
            return out + QChar(0x2026);
        }
        out += piece;
        if (width < mostCells)
            fits = out.size();
    }
    return out;
}

RowWriter::RowWriter(RowFormat format, QIODevice* device, QList<RowColumn> columns)
    : m_format(format)
    , m_device(device)
    , m_columns(std::move(columns))
{
    for (const RowColumn& column : std::as_const(m_columns))
        m_jsonKeys.append(jsonString(column.name) + ':');
}

bool RowWriter::put(const QByteArray& bytes)
{
    if (!m_error.isEmpty())
        return false;
    if (m_device->write(bytes) == bytes.size())
        return true;
    m_error = m_device->errorString();
    if (m_error.isEmpty())
        m_error = QStringLiteral("could not be written");
    return false;
}

bool RowWriter::begin()
{
    if (m_format != RowFormat::Csv)
        return m_error.isEmpty();
    QStringList attributes;
    for (const RowColumn& column : std::as_const(m_columns))
        attributes.append(column.name);
    const auto own = [&attributes](const QString& name) {
        return attributes.contains(name) ? QStringLiteral("entity.") + name : name;
    };
    QByteArray line = csvField(own(QStringLiteral("id"))) + ',' + csvField(own(QStringLiteral("type"))) +
                      ',' + csvField(own(QStringLiteral("name")));
    for (const QString& name : std::as_const(attributes))
        line += ',' + csvField(name);
    line += ',' + csvField(own(QStringLiteral("seen"))) + '\n';
    return put(line);
}

bool RowWriter::write(const browse::Row& row)
{
    if (!m_error.isEmpty())
        return false;
    bool ok = true;
    switch (m_format) {
    case RowFormat::Csv:
        ok = put(csvLine(row));
        break;
    case RowFormat::JsonLines:
        ok = put(jsonLine(row));
        break;
    case RowFormat::Table:
        if (m_measured) {
            ok = put(tableLine(tableCells(row)));
        } else {
            m_held.push_back(tableCells(row));
            if (m_held.size() >= tableMeasuredRows)
                ok = flushTable();
        }
        break;
    }
    m_rows += ok ? 1 : 0;
    return ok;
}

bool RowWriter::finish()
{
    if (m_format == RowFormat::Table && !m_measured)
        return flushTable();
    return m_error.isEmpty();
}

QByteArray RowWriter::csvLine(const browse::Row& row) const
{
    QByteArray line = csvField(row.externalId) + ',' + csvField(row.type) + ',' + csvField(row.name);
    for (size_t i = 0; i < size_t(m_columns.size()); ++i) {
        line += ',';
        if (i < row.values.size() && row.values[i])
            line += csvField(*row.values[i]);
    }
    line += ',';
    if (row.seen.isValid())
        line += isoUtc(row.seen).toUtf8();
    return line + '\n';
}

QByteArray RowWriter::jsonLine(const browse::Row& row) const
{
    QByteArray line = "{\"id\":" + jsonString(row.externalId) + ",\"type\":" + jsonString(row.type) +
                      ",\"name\":" + jsonString(row.name);
    if (row.seen.isValid())
        line += ",\"observed_at\":" + jsonString(isoUtc(row.seen));
    line += ",\"attributes\":{";
    bool first = true;
    for (size_t i = 0; i < size_t(m_columns.size()) && i < row.values.size(); ++i) {
        if (!row.values[i])
            continue;
        if (!first)
            line += ',';
        first = false;
        line += m_jsonKeys.at(qsizetype(i)) + jsonValue(m_columns.at(qsizetype(i)).type, *row.values[i]);
    }
    return line + "}}\n";
}

QStringList RowWriter::tableCells(const browse::Row& row) const
{
    QStringList out{terminalText(row.externalId, tableWidestCell), terminalText(row.type, tableWidestCell),
                    terminalText(row.name, tableWidestCell)};
    for (size_t i = 0; i < size_t(m_columns.size()); ++i)
        out.append(i < row.values.size() && row.values[i] ? terminalText(*row.values[i], tableWidestCell)
                                                          : QStringLiteral("-"));
    out.append(row.seen.isValid() ? isoUtc(row.seen) : QStringLiteral("-"));
    return out;
}

QByteArray RowWriter::tableLine(const QStringList& cellTexts) const
{
    QString line;
    for (qsizetype i = 0; i < cellTexts.size(); ++i) {
        const QString& cell = cellTexts.at(i);
        const int missing = std::max(0, m_widths.at(i) - terminalWidth(cell));
        const qsizetype attribute = i - 3;
        const bool right = attribute >= 0 && attribute < m_columns.size() &&
                           m_columns.at(attribute).type == ValueType::Number;
        if (i > 0)
            line += QStringLiteral("  ");
        line += right ? QString(missing, QLatin1Char(' ')) + cell : cell + QString(missing, QLatin1Char(' '));
    }
    while (line.endsWith(QLatin1Char(' ')))
        line.chop(1);
    return line.toUtf8() + '\n';
}

bool RowWriter::flushTable()
{
    m_measured = true;
    QStringList head{QStringLiteral("ID"), QStringLiteral("TYPE"), QStringLiteral("NAME")};
    for (const RowColumn& column : std::as_const(m_columns))
        head.append(terminalText(column.name, tableWidestCell));
    head.append(QStringLiteral("SEEN"));
    for (const QString& cell : std::as_const(head))
        m_widths.append(terminalWidth(cell));
    for (const QStringList& line : m_held) {
        for (qsizetype i = 0; i < line.size(); ++i)
            m_widths[i] = std::max(m_widths.at(i), terminalWidth(line.at(i)));
    }
    bool ok = put(tableLine(head));
    for (const QStringList& line : m_held)
        ok = ok && put(tableLine(line));
    m_held.clear();
    return ok;
}

} // namespace atlas::exporting
