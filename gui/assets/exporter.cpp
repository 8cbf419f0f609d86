// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/exporter.h"

#include "model/environment/environment.h"
#include "model/lag/monitor.h"

namespace atlas::gui {

namespace {
constexpr int batchRows = 500; // a few milliseconds of the GUI thread
constexpr std::chrono::hours longest(2);
} // namespace

Exporter::Exporter(routing::Reader* reader, QObject* parent)
    : QObject(parent)
    , m_reader(reader)
{
}

Exporter::~Exporter()
{
    stop();
}

void Exporter::start(const Job& job)
{
    stop();
    m_job = job;
    m_broken = false;
    m_clock.start();
    m_file = std::make_unique<QSaveFile>(job.path);
    if (!m_file->open(QIODevice::WriteOnly)) {
        Q_EMIT failed(tr("%1 cannot be written: %2").arg(job.path, m_file->errorString()), std::nullopt);
        m_file.reset();
        return;
    }
    // One long statement: it goes to one node and does not move to another half way.
    const routing::Route route = m_reader->monitor()->route(job.intent);
    if (route.node.isEmpty()) {
        Q_EMIT failed(route.reason, std::nullopt);
        m_file.reset();
        return;
    }
    m_job.request.limit.reset();
    m_job.request.longestValue = 0;
    m_job.request.role = route.role;
    browse::PageStatement made = browse::pageStatement(m_job.request, m_job.catalog);
    if (made.problem) {
        Q_EMIT failed(made.problem->message, made.problem->error);
        m_file.reset();
        return;
    }
    made.statement.name = QStringLiteral("browse.export");
    made.statement.purpose = tr("Export of a filter's result");
    made.statement.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(longest);
    m_writer = std::make_unique<exporting::RowWriter>(
        job.format, m_file.get(), exporting::rowColumns(job.request.columns, job.catalog));
    m_writer->begin();
    // What was cancelled may still answer: it must not be taken for this one.
    const quint64 run = ++m_run;
    m_request = m_reader->client()->stream(
        endpointId(route.node), made.statement, batchRows, this,
        [this, run](const db::ResultSet& rows) {
            if (run == m_run)
                batch(rows);
        },
        [this, run](const db::Result<db::ResultSet>& result) {
            if (run == m_run && m_writer)
                done(result);
        });
}

void Exporter::batch(const db::ResultSet& rows)
{
    if (m_broken || !m_writer)
        return;
    for (const browse::Row& row : browse::rowsOf(rows, m_job.request.columns, m_job.catalog)) {
        if (!m_writer->write(row)) {
            // A full disk: stop the server, then say so.
            m_broken = true;
            m_reader->client()->cancel(m_request);
            return;
        }
    }
    Q_EMIT progressed(m_writer->rows());
}

void Exporter::done(const db::Result<db::ResultSet>& result)
{
    m_request = 0;
    const qint64 rows = m_writer->rows();
    if (m_broken) {
        const QString why = m_writer->error();
        stop();
        Q_EMIT failed(tr("%1 cannot be written: %2").arg(m_job.path, why), std::nullopt);
        return;
    }
    if (!result.ok()) {
        const db::DbError& error = result.error();
        stop();
        Q_EMIT failed(tr("The export ended after %1 rows").arg(rows), error);
        return;
    }
    if (!m_writer->finish() || !m_file->commit()) {
        const QString why = m_writer->error().isEmpty() ? m_file->errorString() : m_writer->error();
        stop();
        Q_EMIT failed(tr("%1 cannot be written: %2").arg(m_job.path, why), std::nullopt);
        return;
    }
    m_writer.reset();
    m_file.reset();
    Q_EMIT finished(rows);
}

void Exporter::stop()
{
    if (m_request)
        m_reader->client()->cancel(std::exchange(m_request, 0));
    m_writer.reset();
    m_file.reset(); // uncommitted: nothing appears under the name
}

void Exporter::cancel()
{
    if (!m_request)
        return;
    stop();
    Q_EMIT cancelled();
}

} // namespace atlas::gui
