// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArrayList>
#include <QCryptographicHash>
#include <QHash>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "model/ingest/door.h"
#include "model/ingest/jsonlines.h"
#include "model/ingest/lanerunner.h"

namespace atlas::ingest {

/// What could not be taken, one JSON object a line: {"line": 7, "reason": "…", "text": "…"}, for a single
/// value also "entity" and "attribute". Text that is not UTF-8 is given as "base64" instead. The file appears
/// with the first. One thread at a time.
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

    /// What write() takes.
    static std::string line(std::int64_t number, std::string_view reason, std::string_view text);
    static std::string value(std::int64_t number, std::string_view reason, std::string_view entity,
                             std::string_view attribute, std::string_view text);
    void write(const std::string& text);
    /// A line too long to hold: its text comes piece by piece until next() returns false.
    void longLine(std::int64_t number, std::string_view reason,
                  const std::function<bool(std::string_view&)>& next);

    const QString& path() const { return m_path; }
    bool isUsed() const { return m_file != nullptr; }
    /// False after a write failed (disk full): the import stops rather than lose rejects. Flushes.
    bool isGood();
    std::string problem() const { return m_problem; }

private:
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
    /// Connections that write at once, 1 to LaneRunner::laneCount. Of a file it does not change what is sent.
    int writers = 1;
    /// Input that comes as it arises (a pipe): its lines do not wait for their batch to fill, and batches fit
    /// what they take. Where they end then depends on the time.
    bool live = false;
};

/// Lines are counted, and their bytes, when what was in them is committed or among the rejects.
struct ImportCounts
{
    std::atomic<std::int64_t> lines{0}; ///< empty ones included
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
    std::atomic<std::int64_t> bytes{0};
};

/// Reads JSON Lines (docs/import-format.md) and sends them through durable doors, in bounded memory. One
/// thread reads: it cuts the file into sections, and each section into batches by the entity's id. What is
/// about one entity goes in the order of the file, whatever is about others may overtake it. Sections and
/// batches are identified by the content of the file up to the section's end and do not depend on the number
/// of writers: importing the same again, or going on after an interruption, changes nothing that is there.
/// Waits for the server, and outlives its restarts as the doors do.
class Importer
{
public:
    /// A door that gives up when `stopped` says so; a connection each.
    using MakeDoor = std::function<std::unique_ptr<Door>(std::function<bool()> stopped)>;
    Importer(MakeDoor makeDoor, RejectsFile& rejects, ImportOptions options);
    ~Importer();

    /// Stopped: `stopped`, which any thread may call, said so. Of live input what had been read by then is
    /// sent, since nobody can read it again. DatabaseFailed: of what had been read any part may be missing.
    enum class End { Done, Stopped, ReadFailed, RejectsFailed, DatabaseFailed };
    /// Once.
    End run(LineReader& lines, const std::function<bool()>& stopped);
    /// After DatabaseFailed: the first that a door did not get over.
    const std::optional<db::DbError>& error() const { return m_error; }
    /// From any thread, while it runs.
    const ImportCounts& counts() const { return m_counts; }

private:
    struct Section;
    struct Part;

    End read(LineReader& lines, const std::function<bool()>& stopped);
    End failure();
    End stop();
    void beginSection();
    int partCount() const;
    bool flush();
    bool ask(Door& door, const std::function<db::Status(db::BlockingSession&)>& question);
    bool fail(const db::DbError& error);
    bool readCatalogue();
    bool findEarlierRun();
    BatchId idOf(const QByteArray& words) const;
    QByteArray digestSoFar();
    void take(std::size_t line);
    void takeValue(Part& part, std::size_t line, int entity, std::int64_t observedAt, const SentValue& value);
    void reject(std::size_t line, std::string text);
    bool makeAttributes(const QByteArray& digest);
    bool send(Door& door, std::size_t writer, Part& part);
    bool copyServerRejects(Door& door, const Part& part, std::int64_t& count);
    bool writeRejects();

    const MakeDoor m_makeDoor;
    RejectsFile& m_rejects;
    const ImportOptions m_options;
    ImportCounts m_counts;
    std::function<bool()> m_stopped;

    // The reader's.
    std::unique_ptr<Door> m_door; ///< for the first batch, new attributes, and questions
    QCryptographicHash
        m_identity;           ///< of everything read so far: a digest a section, each part of the next one's
    bool m_lineEnded = false; ///< a line feed still has to go into the identity
    std::size_t m_consumed = 0; ///< bytes since the last section's end
    std::int64_t m_startedAt = 0;
    bool m_firstBatch = true; ///< until one was sent
    /// Until then a digest a line: of every beginning that an earlier run may have found as the whole file.
    QByteArrayList m_beginnings;
    std::shared_ptr<Section> m_section; ///< being gathered
    std::size_t m_sectionBytes = 0;     ///< it is closed after the line that brings it to so many
    std::size_t m_partBytes = 0;        ///< of its batches, about
    std::chrono::steady_clock::time_point m_waitingSince; ///< of its first line
    std::vector<std::shared_ptr<Part>> m_parts;
    QHash<QByteArray, ValueType> m_catalogue;
    std::vector<std::pair<std::string, ValueType>> m_newAttributes; ///< in the order of the section
    std::atomic<bool> m_catalogueStale{true};
    Observation m_observation;
    ValueColumns m_columns;

    // Everybody's.
    std::mutex m_mutex;
    std::optional<db::DbError> m_error;
    std::atomic<bool> m_hasFailed{false};            ///< with m_error
    std::deque<std::shared_ptr<Section>> m_sections; ///< whose rejects are still to be written
    std::vector<BatchSizer> m_sizers;                ///< a writer's each, bytes of live input
    std::vector<std::unique_ptr<Door>> m_doors;      ///< a writer's each, made by it
    LaneRunner m_writers;                            ///< last: its threads use the others
};

} // namespace atlas::ingest
