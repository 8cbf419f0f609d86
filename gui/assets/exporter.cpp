// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/exporter.h"

#include <QSaveFile>

#include <atomic>
#include <utility>

#include "model/environment/environment.h"
#include "model/lag/monitor.h"

namespace atlas::gui {

namespace {
constexpr int batchRows = 500; // two batches are held at most, and their values may be long
constexpr std::chrono::hours longest(2);
constexpr int progressPause = 100; // milliseconds
} // namespace

/// The file and all that is done to it, on the export's thread. It receives the stream itself: while a batch
/// is being written the next one waits, and with it the server.
class Exporter::Writer : public QObject
{
public:
    Writer(Exporter* exporter, Job job)
        : m_exporter(exporter)
        , m_job(std::move(job))
    {
    }

    /// Any thread: what still comes is dropped.
    void abandon() { m_abandoned = true; }

    void open()
    {
        m_file = std::make_unique<QSaveFile>(m_job.path);
        if (!m_file->open(QIODevice::WriteOnly)) {
            refuse(m_file->errorString());
            return;
        }
        m_rows = std::make_unique<exporting::RowWriter>(
            m_job.format, m_file.get(), exporting::rowColumns(m_job.request.columns, m_job.catalog));
        m_rows->begin();
        m_told.start();
    }

    void take(const db::ResultSet& batch)
    {
        if (m_abandoned)
            return;
        for (const browse::Row& row : browse::rowsOf(batch, m_job.request.columns, m_job.catalog)) {
            if (m_abandoned)
                return;
            if (!m_rows->write(row)) {
                refuse(m_rows->error()); // a full disk
                return;
            }
        }
        if (m_told.elapsed() >= progressPause) {
            m_told.start();
            tell([written = m_rows->rows()](Exporter* exporter) { exporter->hasWritten(written); });
        }
    }

    void end(const db::Result<db::ResultSet>& result)
    {
        if (m_abandoned)
            return;
        if (!result.ok()) {
            fail(Exporter::tr("The export ended after %1 rows").arg(m_rows->rows()), result.error());
            return;
        }
        if (m_rows->finish())
            tell([](Exporter* exporter) { exporter->hasWrittenAll(); });
        else
            refuse(m_rows->error());
    }

    void commit()
    {
        if (m_file->commit())
            tell([written = m_rows->rows()](Exporter* exporter) { exporter->hasFinished(written); });
        else
            refuse(m_file->errorString());
    }

    /// The last that is done: uncommitted nothing appears under the name.
    void drop()
    {
        m_rows.reset();
        m_file.reset();
        thread()->quit();
    }

private:
    /// The exporter waits for this thread before it goes.
    template<class Word> void tell(Word word)
    {
        QMetaObject::invokeMethod(
            m_exporter, [word, to = m_exporter] { word(to); }, Qt::QueuedConnection);
    }
    void fail(const QString& why, const std::optional<db::DbError>& error)
    {
        m_abandoned = true;
        tell([why, error](Exporter* exporter) { exporter->hasFailed(why, error); });
    }
    void refuse(const QString& why)
    {
        fail(Exporter::tr("%1 cannot be written: %2").arg(m_job.path, why), std::nullopt);
    }

    Exporter* m_exporter;
    Job m_job;
    std::unique_ptr<QSaveFile> m_file;
    std::unique_ptr<exporting::RowWriter> m_rows;
    QElapsedTimer m_told; ///< since the last word on progress
    std::atomic<bool> m_abandoned{false};
};

Exporter::Exporter(routing::Reader* reader, QObject* parent)
    : QObject(parent)
    , m_reader(reader)
{
    m_thread.setObjectName(QStringLiteral("export"));
}

Exporter::~Exporter()
{
    if (std::exchange(m_running, false)) {
        if (!m_committing) // else it is complete, and stays
            m_writer->abandon();
        release();
    }
    m_thread.wait();
}

void Exporter::deleteWhenDone()
{
    if (m_thread.isRunning())
        connect(&m_thread, &QThread::finished, this, &QObject::deleteLater);
    else
        deleteLater();
}

void Exporter::start(const Job& job)
{
    Q_ASSERT(!m_writer);
    m_job = job;
    m_clock.start();
    // One long statement: it goes to one node and does not move to another half way.
    const routing::Route route = m_reader->monitor()->route(job.intent);
    if (route.node.isEmpty()) {
        Q_EMIT failed(route.reason, std::nullopt);
        return;
    }
    m_job.request.limit.reset();
    m_job.request.longestValue = 0;
    m_job.request.role = route.role;
    m_job.request.realRedshift = browse::isRedshift(*m_reader->client(), route.node);
    browse::PageStatement made = browse::pageStatement(m_job.request, m_job.catalog);
    if (made.problem) {
        Q_EMIT failed(made.problem->message, made.problem->error);
        return;
    }
    made.statement.name = QStringLiteral("browse.export");
    made.statement.purpose = tr("Export of a filter's result");
    made.statement.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(longest);

    m_writer = std::make_unique<Writer>(this, m_job);
    m_writer->moveToThread(&m_thread);
    m_thread.start();
    m_running = true;
    Writer* writer = m_writer.get();
    // Before the first rows: events of one receiver keep their order.
    QMetaObject::invokeMethod(
        writer, [writer] { writer->open(); }, Qt::QueuedConnection);
    m_client = m_reader->client();
    m_request = m_client->stream(
        endpointId(route.node), made.statement, batchRows, writer,
        [writer](const db::ResultSet& rows) { writer->take(rows); },
        [writer](const db::Result<db::ResultSet>& result) { writer->end(result); });
}

void Exporter::hasWritten(qint64 rows)
{
    if (m_running)
        Q_EMIT progressed(rows);
}

void Exporter::hasWrittenAll()
{
    if (!m_running)
        return; // cancelled before that was known
    m_committing = true;
    m_request = 0;
    Writer* writer = m_writer.get();
    QMetaObject::invokeMethod(
        writer, [writer] { writer->commit(); }, Qt::QueuedConnection);
}

void Exporter::hasFinished(qint64 rows)
{
    if (!std::exchange(m_running, false))
        return;
    release();
    Q_EMIT finished(rows);
}

void Exporter::hasFailed(const QString& why, const std::optional<db::DbError>& error)
{
    if (!std::exchange(m_running, false))
        return;
    release();
    Q_EMIT failed(why, error);
}

/// The server stops, and the thread ends once it has let go of the file.
void Exporter::release()
{
    if (m_client && m_request)
        m_client->cancel(m_request);
    m_request = 0;
    Writer* writer = m_writer.get();
    QMetaObject::invokeMethod(
        writer, [writer] { writer->drop(); }, Qt::QueuedConnection);
}

void Exporter::cancel()
{
    if (!m_running || m_committing)
        return;
    m_running = false;
    m_writer->abandon();
    release();
    Q_EMIT cancelled();
}

} // namespace atlas::gui
