// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QSaveFile>

#include <memory>
#include <optional>

#include "model/browse/browse.h"
#include "model/export/rowwriter.h"

namespace atlas::gui {

/// Writes all rows of a filter to a file, streamed: memory stays bounded however many there are. The file
/// appears under its name only when it is complete.
class Exporter : public QObject
{
    Q_OBJECT
public:
    struct Job
    {
        browse::PageRequest request; ///< limit, longestValue, role and node are set here
        AttributeCatalog catalog;
        exporting::RowFormat format = exporting::RowFormat::Csv;
        QString path;
        routing::Intent intent = routing::Intent::Operational;
    };

    explicit Exporter(routing::Reader* reader, QObject* parent = nullptr);
    ~Exporter() override;

    void start(const Job& job);
    void cancel();
    bool isRunning() const { return m_request != 0; }
    QString path() const { return m_job.path; }
    qint64 rows() const { return m_writer ? m_writer->rows() : 0; }
    double seconds() const { return double(m_clock.elapsed()) / 1000; }

Q_SIGNALS:
    void progressed(qint64 rows);
    void finished(qint64 rows);
    void cancelled();
    /// `error` has the server's words where it was the server.
    void failed(const QString& why, const std::optional<atlas::db::DbError>& error);

private:
    void batch(const db::ResultSet& rows);
    void done(const db::Result<db::ResultSet>& result);
    void stop();

    routing::Reader* m_reader;
    Job m_job;
    std::unique_ptr<QSaveFile> m_file;
    std::unique_ptr<exporting::RowWriter> m_writer;
    db::RequestId m_request = 0;
    quint64 m_run = 0;
    QElapsedTimer m_clock;
    bool m_broken = false; ///< the file refused: what still comes is dropped
};

} // namespace atlas::gui
