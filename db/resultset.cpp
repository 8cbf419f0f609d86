// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/resultset.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

#include "db/utf8.h"

namespace atlas::db {

namespace {

/// Plain values that are only ever added at the end. realloc rather than std::vector: a large block is
/// remapped by the kernel, not copied, and neither growing nor shrinking touches the values.
template<class T> class Arena
{
    static_assert(std::is_trivially_copyable_v<T>);

public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena() { std::free(m_data); }

    void append(const T* values, std::size_t count)
    {
        if (count == 0)
            return;
        if (m_capacity - m_size < count)
            resize(std::max(m_size + count, 2 * m_capacity + 1024 / sizeof(T)));
        std::memcpy(m_data + m_size, values, count * sizeof(T));
        m_size += count;
    }
    void append(T value)
    {
        if (m_capacity == m_size)
            resize(2 * m_capacity + 1024 / sizeof(T));
        m_data[m_size++] = value;
    }
    void shrink()
    {
        if (m_size > 0 && m_capacity > m_size)
            resize(m_size);
    }
    const T* data() const { return m_data; }
    std::size_t size() const { return m_size; }
    std::size_t bytes() const { return m_capacity * sizeof(T); }
    T operator[](std::size_t index) const { return m_data[index]; }
    T back() const { return m_data[m_size - 1]; }

private:
    void resize(std::size_t capacity)
    {
        auto* moved = static_cast<T*>(std::realloc(m_data, capacity * sizeof(T)));
        if (!moved)
            throw std::bad_alloc();
        m_data = moved;
        m_capacity = capacity;
    }

    T* m_data = nullptr;
    std::size_t m_size = 0;
    std::size_t m_capacity = 0;
};

constexpr quint32 NullBit = 0x80000000U;

} // namespace

struct ResultSet::Data
{
    QList<Column> columns;
    Arena<char> arena;
    /// Where each row starts in the arena.
    Arena<quint64> rows;
    /// End of each cell, counted from the start of its row, with NullBit for null: four bytes a cell, and the
    /// protocol keeps a row under 1 GB.
    Arena<quint32> ends;
    QString commandTag;
    qint64 affectedRows = -1;
    int cellsInRow = 0;

    std::size_t cell(int row, int column) const
    {
        Q_ASSERT(row >= 0 && row < int(rows.size()) && column >= 0 && column < columns.size());
        return std::size_t(row) * std::size_t(columns.size()) + std::size_t(column);
    }
};

ResultSet::ResultSet()
{
    static const auto empty = std::make_shared<const Data>();
    m_data = empty;
}

ResultSet::ResultSet(std::shared_ptr<const Data> data)
    : m_data(std::move(data))
{
}

int ResultSet::rowCount() const
{
    return int(m_data->rows.size());
}

int ResultSet::columnCount() const
{
    return int(m_data->columns.size());
}

const QList<Column>& ResultSet::columns() const
{
    return m_data->columns;
}

int ResultSet::columnIndex(QStringView name) const
{
    for (int i = 0; i < int(m_data->columns.size()); ++i) {
        if (m_data->columns[i].name == name)
            return i;
    }
    return -1;
}

bool ResultSet::isNull(int row, int column) const
{
    return (m_data->ends[m_data->cell(row, column)] & NullBit) != 0;
}

QByteArrayView ResultSet::bytes(int row, int column) const
{
    const std::size_t cell = m_data->cell(row, column);
    const quint32 end = m_data->ends[cell];
    if ((end & NullBit) != 0)
        return {};
    const quint32 begin = column == 0 ? 0 : m_data->ends[cell - 1] & ~NullBit;
    // Not a null pointer: an empty string is not the same as no value to those who look.
    if (begin == end)
        return QByteArrayView("", qsizetype(0));
    return QByteArrayView(m_data->arena.data() + m_data->rows[std::size_t(row)] + begin,
                          qsizetype(end - begin));
}

QString ResultSet::string(int row, int column) const
{
    return textOf(bytes(row, column));
}

std::optional<qint64> ResultSet::integer(int row, int column) const
{
    const QByteArrayView text = bytes(row, column);
    qint64 value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || text.isEmpty() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::optional<double> ResultSet::real(int row, int column) const
{
    const QByteArrayView text = bytes(row, column);
    double value = 0;
    // from_chars reads "NaN", "Infinity" and "-Infinity" too, and knows no locale.
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.isEmpty() || end != text.data() + text.size())
        return std::nullopt;
    if (error == std::errc::result_out_of_range) {
        // A numeric beyond double: what PostgreSQL's own cast refuses, a chart may still show as an infinity.
        return std::strtod(QByteArray(text.data(), text.size()).constData(), nullptr);
    }
    if (error != std::errc())
        return std::nullopt;
    return value;
}

bool ResultSet::boolean(int row, int column) const
{
    const QByteArrayView text = bytes(row, column);
    return !text.isEmpty() && text.front() == 't';
}

QString ResultSet::commandTag() const
{
    return m_data->commandTag;
}

qint64 ResultSet::affectedRows() const
{
    return m_data->affectedRows;
}

qsizetype ResultSet::sizeInBytes() const
{
    const std::size_t bytes = m_data->arena.bytes() + m_data->rows.bytes() + m_data->ends.bytes();
    return qsizetype(bytes);
}

ResultSet::Builder::Builder(QList<Column> columns)
    : m_data(std::make_unique<Data>())
{
    m_data->columns = std::move(columns);
}

ResultSet::Builder::~Builder() = default;
ResultSet::Builder::Builder(Builder&&) noexcept = default;
ResultSet::Builder& ResultSet::Builder::operator=(Builder&&) noexcept = default;

void ResultSet::Builder::addNull()
{
    Data& d = *m_data;
    Q_ASSERT(!d.columns.isEmpty());
    if (d.cellsInRow == 0)
        d.rows.append(d.arena.size());
    d.ends.append(quint32(d.arena.size() - d.rows.back()) | NullBit);
    d.cellsInRow = d.cellsInRow + 1 == int(d.columns.size()) ? 0 : d.cellsInRow + 1;
}

void ResultSet::Builder::addCell(QByteArrayView bytes)
{
    Data& d = *m_data;
    Q_ASSERT(!d.columns.isEmpty());
    if (d.cellsInRow == 0)
        d.rows.append(d.arena.size());
    d.arena.append(bytes.data(), std::size_t(bytes.size()));
    Q_ASSERT(d.arena.size() - d.rows.back() < NullBit);
    d.ends.append(quint32(d.arena.size() - d.rows.back()));
    d.cellsInRow = d.cellsInRow + 1 == int(d.columns.size()) ? 0 : d.cellsInRow + 1;
}

void ResultSet::Builder::addEmptyRow()
{
    Q_ASSERT(m_data->columns.isEmpty());
    m_data->rows.append(0);
}

void ResultSet::Builder::setCommand(const QString& tag, qint64 affectedRows)
{
    m_data->commandTag = tag;
    m_data->affectedRows = affectedRows;
}

int ResultSet::Builder::rowCount() const
{
    // A row that has begun is not one yet.
    return int(m_data->rows.size()) - (m_data->cellsInRow > 0 ? 1 : 0);
}

qsizetype ResultSet::Builder::sizeInBytes() const
{
    const std::size_t bytes =
        m_data->arena.size() + m_data->rows.size() * sizeof(quint64) + m_data->ends.size() * sizeof(quint32);
    return qsizetype(bytes);
}

ResultSet ResultSet::Builder::take()
{
    Q_ASSERT(m_data->cellsInRow == 0);
    auto next = std::make_unique<Data>();
    next->columns = m_data->columns;
    m_data->arena.shrink();
    m_data->rows.shrink();
    m_data->ends.shrink();
    std::shared_ptr<const Data> full(std::move(m_data));
    m_data = std::move(next);
    return ResultSet(std::move(full));
}

} // namespace atlas::db
