// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArrayList>
#include <QCryptographicHash>
#include <QHash>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/ingest/door.h"
#include "model/ingest/jsonlines.h"

namespace atlas::ingest {

/// What could not be taken, one JSON object a line: {"line": 7, "reason": "…", "text": "…"}, for a single
/// value also "entity" and "attribute". Text that is not UTF-8 is given as "base64" instead. The file appears
/// with the first.
class RejectsFile
{
public:
    explicit RejectsFile(QString path)
        : m_path(std::move(path))
    {
    }
    ~RejectsFile();
    RejectsFile(const RejectsFile&) = delete;
    RejectsFile& operator=(const RejectsFile&) = delete;

    void line(std::int64_t number, std::string_view reason, std::string_view text);
    /// A line too long to hold: its text comes piece by piece until next() returns false.
    void longLine(std::int64_t number, std::string_view reason,
                  const std::function<bool(std::string_view&)>& next);
    void value(std::int64_t number, std::string_view reason, std::string_view entity,
               std::string_view attribute, std::string_view text);

    const QString& path() const { return m_path; }
    bool isUsed() const { return m_file != nullptr; }
    /// False after a write failed (disk full): the import stops rather than lose rejects. Flushes.
    bool isGood();
    std::string problem() const { return m_problem; }

private:
    void write(const std::string& text);
    QString m_path;
    std::FILE* m_file = nullptr;
    std::string m_problem;
};

struct ImportOptions
{
    int tenant = 0;
    std::string source = "import";
    /// A new attribute whose first value is an RFC 3339 date-time string becomes a timestamp.
    bool timestamps = true;
    /// A batch is closed after the line that brings it to this many bytes of input. Part of a batch's
    /// identity.
    std::size_t batchBytes = 1'500'000;
    /// Input that comes as it arises (a pipe): its lines do not wait for their batch to fill, and batches fit
    /// what they take. Where they end then depends on the time.
    bool live = false;
};

struct ImportCounts
{
    std::atomic<std::int64_t> lines{0}; ///< read, empty ones included
    std::atomic<std::int64_t> emptyLines{0};
    std::atomic<std::int64_t> rejectedLines{0};
    std::atomic<std::int64_t> values{0};    ///< sent and not rejected
    std::atomic<std::int64_t> newRows{0};   ///< observations the server did not have
    std::atomic<std::int64_t> sameTimes{0}; ///< there was one of the same time already, which stands
    std::atomic<std::int64_t> rejectedValues{0};
    std::atomic<std::int64_t> newEntities{0};
    std::atomic<std::int64_t> newAttributes{0};
    std::atomic<std::int64_t> batches{0};
    std::atomic<std::int64_t> duplicateBatches{0};
    std::atomic<std::int64_t> bytesRead{0};
};

/// Reads JSON Lines (docs/import-format.md) and sends them through the durable door, a batch at a time, in
/// the order of the file, in bounded memory. Batches are identified by the content of the file up to their
/// end: importing the same again, or going on after an interruption, changes nothing that is there. Waits for
/// the server, and outlives its restarts as the door does.
class Importer
{
public:
    /// `door` sends, and asks for catalogue, ledger and rejects.
    Importer(Door& door, RejectsFile& rejects, ImportOptions options);

    /// Stopped: `stopped` said so. Of live input what had been read by then is sent, since nobody can read it
    /// again.
    enum class End { Done, Stopped, ReadFailed, RejectsFailed, DatabaseFailed };
    End run(LineReader& lines, const std::function<bool()>& stopped);
    /// After DatabaseFailed.
    const std::optional<db::DbError>& error() const { return m_error; }
    const ImportCounts& counts() const { return m_counts; }

private:
    struct Line
    {
        std::int64_t number;
        std::size_t begin;
        std::size_t end;
    };
    /// Where a value of the batch comes from.
    struct Origin
    {
        int entity;
        int attribute;
        std::int64_t observedAt;
        std::size_t line; ///< in m_lines
    };

    std::string_view textOf(const Line& line) const
    {
        return {m_text.data() + line.begin, line.end - line.begin};
    }
    End failure() const { return m_error ? End::DatabaseFailed : End::RejectsFailed; }
    End stop();
    bool flush();
    bool send(const BatchId& id);
    bool ask(const std::function<db::Status(db::BlockingSession&)>& question);
    bool readCatalogue();
    bool findEarlierRun();
    QByteArray digestSoFar();
    void take(std::size_t line);
    void takeValue(std::size_t line, int entity, std::int64_t observedAt, const SentValue& value);
    bool copyServerRejects(const BatchId& id);

    Door& m_door;
    RejectsFile& m_rejects;
    ImportOptions m_options;
    ImportCounts m_counts;
    std::optional<db::DbError> m_error;

    std::string m_text; ///< the lines of the batch being gathered
    std::vector<Line> m_lines;
    std::chrono::steady_clock::time_point m_waitingSince; ///< of the first of them
    QCryptographicHash
        m_identity;             ///< of everything read so far: a digest a batch, each part of the next one's
    bool m_lineEnded = false;   ///< a line feed still has to go into the identity
    std::size_t m_consumed = 0; ///< bytes since the last batch's end
    std::int64_t m_startedAt = 0;
    bool m_firstBatch = true; ///< until one was sent
    /// Until then a digest a line: of every beginning that an earlier run may have found as the whole file.
    QByteArrayList m_beginnings;

    BatchSizer m_liveSize{std::chrono::milliseconds(500), 20'000, 6'000'000, 1'500'000}; ///< bytes of input
    std::size_t m_flushed = 0; ///< bytes of the batch being sent
    Batch m_batch;
    std::vector<Origin> m_origins; ///< by the batch's rows
    QHash<QByteArray, ValueType> m_catalogue;
    bool m_catalogueStale = true;
    Observation m_observation;
    ValueColumns m_columns;
};

} // namespace atlas::ingest
