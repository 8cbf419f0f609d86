// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QThread>

#include <memory>
#include <optional>

#include "model/browse/browse.h"
#include "model/export/rowwriter.h"

namespace atlas::gui {

/// Writes all rows of a filter to a file, streamed: memory stays bounded however many there are. The file
/// appears under its name only when it is complete. Rows are decoded and written on a thread of the export's
/// own, so that nobody waits for a disk but the server. One export each: the next takes another Exporter.
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
    /// Ends what runs and waits for its thread.
    ~Exporter() override;
    /// The same without waiting: it goes once its thread has ended.
    void deleteWhenDone();

    void start(const Job& job);
    /// Does nothing once all rows are written and the file is only being put in its place: finished()
    /// follows.
    void cancel();
    bool isRunning() const { return m_running; }
    QString path() const { return m_job.path; }
    double seconds() const { return double(m_clock.elapsed()) / 1000; }

Q_SIGNALS:
    void progressed(qint64 rows); ///< some times a second
    void finished(qint64 rows);
    void cancelled();
    /// `error` has the server's words where it was the server.
    void failed(const QString& why, const std::optional<atlas::db::DbError>& error);

private:
    class Writer;
    // Said by the writer, heard on this thread:
    void hasWritten(qint64 rows);
    void hasWrittenAll();
    void hasFinished(qint64 rows);
    void hasFailed(const QString& why, const std::optional<db::DbError>& error);
    void release();

    routing::Reader* m_reader;
    QPointer<db::Client> m_client;
    Job m_job;
    QThread m_thread;
    std::unique_ptr<Writer> m_writer; ///< lives on m_thread
    db::RequestId m_request = 0;
    QElapsedTimer m_clock;
    bool m_running = false;
    bool m_committing = false; ///< all is written: too late to cancel
};

} // namespace atlas::gui
