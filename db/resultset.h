// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QList>
#include <QMetaType>
#include <QString>

#include <memory>
#include <optional>
#include <vector>

namespace atlas::db {

struct Column
{
    QString name;
    quint32 typeOid = 0;
};

/// Rows of one statement (or one batch of a streamed one), text format, immutable and cheap to copy.
/// Every cell lives in one arena, so 100,000 rows are a handful of allocations. Safe to read from any thread.
class ResultSet
{
public:
    ResultSet();

    int rowCount() const;
    int columnCount() const;
    const QList<Column>& columns() const;
    /// Index of the column of that name, -1 when there is none.
    int columnIndex(QStringView name) const;

    bool isNull(int row, int column) const;
    /// The cell's bytes as the server sent them; empty for null. Valid as long as a copy of this set lives.
    QByteArrayView bytes(int row, int column) const;
    QString string(int row, int column) const;
    /// Null or unparsable give nullopt.
    std::optional<qint64> integer(int row, int column) const;
    std::optional<double> real(int row, int column) const;
    /// 't'/'f' as PostgreSQL sends booleans.
    bool boolean(int row, int column) const;

    /// Command tag ("INSERT 0 5") and rows affected, -1 when the command has none.
    QString commandTag() const;
    qint64 affectedRows() const;
    /// Memory held by the rows, bytes.
    qsizetype sizeInBytes() const;

    /// Filled by the I/O thread, then never changed.
    class Builder;

private:
    struct Data;
    explicit ResultSet(std::shared_ptr<const Data> data);
    std::shared_ptr<const Data> m_data;
};

class ResultSet::Builder
{
public:
    explicit Builder(QList<Column> columns);
    ~Builder();
    Builder(Builder&&) noexcept;
    Builder& operator=(Builder&&) noexcept;

    void addNull();
    void addCell(QByteArrayView bytes);
    /// For a result without columns ("select from t"), whose rows still count.
    void addEmptyRow();
    void setCommand(const QString& tag, qint64 affectedRows);
    int rowCount() const;
    qsizetype sizeInBytes() const;
    /// Hands the rows over and starts an empty set with the same columns.
    ResultSet take();

private:
    std::unique_ptr<Data> m_data;
};

} // namespace atlas::db

Q_DECLARE_METATYPE(atlas::db::ResultSet)
