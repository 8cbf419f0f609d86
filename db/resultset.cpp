// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/resultset.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace atlas::db {

namespace {

/// Bytes that only ever grow at the end. realloc rather than std::vector: a large block is remapped, not
/// copied.
class Arena
{
public:
    Arena() = default;
    Arena(Arena&& other) noexcept
        : m_data(std::exchange(other.m_data, nullptr))
        , m_size(std::exchange(other.m_size, 0))
        , m_capacity(std::exchange(other.m_capacity, 0))
    {
    }
    Arena& operator=(Arena&& other) noexcept
    {
        std::swap(m_data, other.m_data);
        std::swap(m_size, other.m_size);
        std::swap(m_capacity, other.m_capacity);
        return *this;
    }
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena() { std::free(m_data); }

    void append(const char* bytes, std::size_t count)
    {
        if (count == 0)
            return;
        if (m_capacity - m_size < count)
            resize(std::max(m_size + count, m_capacity + m_capacity / 2 + 1024));
        std::memcpy(m_data + m_size, bytes, count);
        m_size += count;
    }
    void shrink()
    {
        if (m_size > 0 && m_capacity - m_size > m_size / 8)
            resize(m_size);
    }
    const char* data() const { return m_data; }
    std::size_t size() const { return m_size; }
    std::size_t capacity() const { return m_capacity; }

private:
    void resize(std::size_t capacity)
    {
        auto* grown = static_cast<char*>(std::realloc(m_data, capacity));
        if (!grown)
            throw std::bad_alloc();
        m_data = grown;
        m_capacity = capacity;
    }

    char* m_data = nullptr;
    std::size_t m_size = 0;
    std::size_t m_capacity = 0;
};

constexpr quint32 NullBit = 0x80000000U;

} // namespace

struct ResultSet::Data
{
    QList<Column> columns;
    Arena arena;
    /// Where each row starts in the arena.
    std::vector<quint64> rows;
    /// End of each cell, counted from the start of its row, with NullBit for null: four bytes a cell, and the
    /// protocol keeps a row under 1 GB.
    std::vector<quint32> ends;
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
    return QString::fromUtf8(bytes(row, column));
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
    return qsizetype(m_data->arena.capacity() + m_data->rows.capacity() * sizeof(quint64) +
                     m_data->ends.capacity() * sizeof(quint32));
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
        d.rows.push_back(d.arena.size());
    d.ends.push_back(quint32(d.arena.size() - d.rows.back()) | NullBit);
    d.cellsInRow = d.cellsInRow + 1 == int(d.columns.size()) ? 0 : d.cellsInRow + 1;
}

void ResultSet::Builder::addCell(QByteArrayView bytes)
{
    Data& d = *m_data;
    Q_ASSERT(!d.columns.isEmpty());
    if (d.cellsInRow == 0)
        d.rows.push_back(d.arena.size());
    d.arena.append(bytes.data(), std::size_t(bytes.size()));
    Q_ASSERT(d.arena.size() - d.rows.back() < NullBit);
    d.ends.push_back(quint32(d.arena.size() - d.rows.back()));
    d.cellsInRow = d.cellsInRow + 1 == int(d.columns.size()) ? 0 : d.cellsInRow + 1;
}

void ResultSet::Builder::addEmptyRow()
{
    Q_ASSERT(m_data->columns.isEmpty());
    m_data->rows.push_back(0);
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
    return qsizetype(m_data->arena.size() + m_data->rows.size() * sizeof(quint64) +
                     m_data->ends.size() * sizeof(quint32));
}

ResultSet ResultSet::Builder::take()
{
    Q_ASSERT(m_data->cellsInRow == 0);
    auto next = std::make_unique<Data>();
    next->columns = m_data->columns;
    m_data->arena.shrink();
    m_data->rows.shrink_to_fit();
    m_data->ends.shrink_to_fit();
    std::shared_ptr<const Data> full(std::move(m_data));
    m_data = std::move(next);
    return ResultSet(std::move(full));
}

} // namespace atlas::db
