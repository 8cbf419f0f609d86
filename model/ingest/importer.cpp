// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/importer.h"

#include <QFile>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "model/ingest/json.h"
#include "model/statements.h"

namespace atlas::ingest {

namespace {

const RegisteredStatement catalogueSql{
    "import.catalogue", "Types of known attributes",
    "select name, value_type from atlas.attributes where tenant_id = $1::integer"};
const RegisteredStatement earlierSql{
    "import.earlier", "When the same file, or the beginning of it, was imported first",
    "select extract(epoch from min(b.started_at))::numeric * 1000000 "
    "from unnest($2::uuid[]) as beginning (batch_id) join atlas.ingest_batches b using (batch_id) "
    "where b.tenant_id = $1::integer"};
const RegisteredStatement rejectsSql{
    "import.rejects", "Values of a batch that the server rejected",
    "select external_id, attribute, value_type, (extract(epoch from observed_at) * 1000000)::bigint, reason "
    "from atlas.ingest_rejects where tenant_id = $1::integer and batch_id = $2::uuid order by reject_id"};

/// A file's first batch is closed after the line that brings it to this many bytes. It goes alone: what an
/// earlier run of the same file was is found by it.
constexpr std::size_t firstBytes = 1'500'000;
/// Of a later section's batches, about: closed after the line that brings it to so many for each lane. All
/// three, and how an entity finds its lane, decide what batches an earlier run sent: changed, the same file
/// is sent again.
constexpr std::size_t filePartBytes = 375'000;
/// Live sections take at most this, whatever the number of writers.
constexpr std::int64_t liveBytes = 6'000'000;
/// Read and not yet committed, the section being read not counted.
constexpr std::size_t mostWaiting = 12'000'000;
/// Of the sections whose lines are in memory: the oldest not committed whole, and all that were read after
/// it.
constexpr std::size_t mostHeld = 4 * mostWaiting;
/// Live lines that come one after another, without a pause, wait no longer than this for their batch to fill.
constexpr auto longestWait = std::chrono::seconds(10);

QByteArrayView bytesOf(std::string_view text)
{
    return {text.data(), static_cast<qsizetype>(text.size())};
}

std::string_view viewOf(QByteArrayView bytes)
{
    return {bytes.data(), static_cast<std::size_t>(bytes.size())};
}

/// A value as it stands in its line; a string without its quotes.
std::string_view sentText(const SentValue& value)
{
    switch (value.kind) {
    case JsonReader::Kind::True:
        return "true";
    case JsonReader::Kind::False:
        return "false";
    case JsonReader::Kind::Null:
        return "null";
    default:
        return value.text;
    }
}

/// What the server knows a rejected value by. All values of one key are rejected together: the type and the
/// time are why.
std::string rejectKey(std::string_view entity, std::string_view attribute, std::int64_t type,
                      std::int64_t observedAt)
{
    std::string key(entity); // NUL is in no name
    key.append(1, '\0').append(attribute).append(1, '\0');
    return key.append(std::to_string(type)).append(1, ' ').append(std::to_string(observedAt));
}

/// FNV-1a, folded: the same everywhere and for ever.
int laneOf(std::string_view entity)
{
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : entity)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    return static_cast<int>((hash ^ (hash >> 32)) % LaneRunner::laneCount);
}

void appendText(std::string& out, std::string_view text)
{
    if (isUtf8(text)) {
        out += "\"text\": ";
        appendJsonString(out, text);
    } else {
        out += "\"base64\": \"";
        out += QByteArray(text.data(), static_cast<qsizetype>(text.size())).toBase64().toStdString();
        out += '"';
    }
}

} // namespace

RejectsFile::~RejectsFile()
{
    if (m_file)
        std::fclose(m_file);
}

void RejectsFile::write(const std::string& text)
{
    if (!m_problem.empty())
        return;
    if (!m_file)
        m_file = std::fopen(QFile::encodeName(m_path).constData(), "wbe");
    if (!m_file || std::fwrite(text.data(), 1, text.size(), m_file) != text.size())
        m_problem = std::strerror(errno);
}

bool RejectsFile::isGood()
{
    if (m_file && m_problem.empty() && std::fflush(m_file) != 0)
        m_problem = std::strerror(errno);
    return m_problem.empty();
}

std::string RejectsFile::line(std::int64_t number, std::string_view reason, std::string_view text)
{
    std::string out = "{\"line\": " + std::to_string(number) + ", \"reason\": ";
    appendJsonString(out, reason);
    out += ", ";
    appendText(out, text);
    out += "}\n";
    return out;
}

void RejectsFile::longLine(std::int64_t number, std::string_view reason,
                           const std::function<bool(std::string_view&)>& next)
{
    // Base64 because a piece may end inside a character, and in multiples of three bytes so that the pieces
    // join.
    std::string out = "{\"line\": " + std::to_string(number) + ", \"reason\": ";
    appendJsonString(out, reason);
    out += ", \"base64\": \"";
    write(out);
    std::string rest;
    std::string_view piece;
    const auto encode = [this](std::string_view bytes) {
        write(QByteArray::fromRawData(bytes.data(), static_cast<qsizetype>(bytes.size()))
                  .toBase64()
                  .toStdString());
    };
    while (next(piece)) {
        rest.append(piece);
        const std::size_t whole = rest.size() / 3 * 3;
        encode(std::string_view(rest).substr(0, whole));
        rest.erase(0, whole);
    }
    encode(rest);
    write("\"}\n");
}

std::string RejectsFile::value(std::int64_t number, std::string_view reason, std::string_view entity,
                               std::string_view attribute, std::string_view text)
{
    std::string out = "{\"line\": " + std::to_string(number) + ", \"reason\": ";
    appendJsonString(out, reason);
    out += ", \"entity\": ";
    appendJsonString(out, entity);
    out += ", \"attribute\": ";
    appendJsonString(out, attribute);
    out += ", ";
    appendText(out, text);
    out += "}\n";
    return out;
}

/// Lines that are read, and forgotten, together.
struct Importer::Section
{
    struct Line
    {
        std::int64_t number;
        std::size_t begin;
        std::size_t end;
    };
    std::string_view textOf(std::size_t line) const
    {
        return {text.data() + lines[line].begin, lines[line].end - lines[line].begin};
    }
    std::string text;
    std::vector<Line> lines;
    // Once its batches are on their way, under the importer's mutex:
    std::vector<std::pair<std::size_t, std::string>> rejects; ///< by line
    int underWay = 0;                                         ///< batches
};

/// One batch of a section.
struct Importer::Part
{
    /// Where a value of the batch comes from.
    struct Origin
    {
        int entity;
        int attribute;
        std::int64_t observedAt;
        std::size_t line; ///< in the section
        bool isSent;      ///< false: one before it has the same time
    };
    struct Key
    {
        int entity;
        int attribute;
        std::int64_t observedAt;
        bool operator==(const Key&) const = default;
    };
    struct Hash
    {
        std::size_t operator()(const Key& key) const
        {
            const auto which =
                static_cast<std::uint64_t>(key.entity) << 32 ^ static_cast<std::uint64_t>(key.attribute);
            return std::hash<std::uint64_t>()(which * 0x9E3779B97F4A7C15U ^
                                              static_cast<std::uint64_t>(key.observedAt));
        }
    };
    Part(int tenant, const std::string& source)
        : batch(tenant, source)
    {
    }
    std::shared_ptr<Section> section;
    Batch batch;
    BatchId id;
    std::vector<Origin> origins;
    std::unordered_set<Key, Hash> keys; ///< while it is filled
    std::size_t bytes = 0;              ///< of its lines
    std::int64_t lines = 0;
    std::int64_t newAttributes = 0; ///< that we believe it makes
};

Importer::Importer(MakeDoor makeDoor, RejectsFile& rejects, ImportOptions options)
    : m_makeDoor(std::move(makeDoor))
    , m_rejects(rejects)
    , m_options(std::move(options))
    , m_identity(QCryptographicHash::Sha256)
    , m_startedAt(nowMicroseconds())
    , m_doors(static_cast<std::size_t>(m_options.writers))
    , m_writers(m_options.writers, mostWaiting)
{
    // What decides how a file is read is part of its batches' identity.
    m_identity.addData(bytesOf("atlas import 1 " + std::to_string(firstBytes) +
                               (m_options.timestamps ? " timestamps" : " plain")));
    const std::int64_t most = liveBytes / static_cast<std::int64_t>(partCount());
    m_sizers.assign(m_doors.size(), BatchSizer(std::chrono::milliseconds(500), 20'000, most, most / 4));
}

Importer::~Importer() = default;

Importer::End Importer::run(LineReader& lines, const std::function<bool()>& stopped)
{
    m_stopped = [this, &stopped] { return m_hasFailed || stopped(); };
    m_door = m_makeDoor(m_stopped);
    const End end = read(lines, stopped);
    m_writers.abandon(); // after a failure; else nothing is left
    const std::lock_guard lock(m_mutex);
    for (const auto& section : m_sections)
        section->underWay = 0;
    const bool written = writeRejects();
    return written || end == End::DatabaseFailed ? end : End::RejectsFailed;
}

Importer::End Importer::read(LineReader& lines, const std::function<bool()>& stopped)
{
    lines.consumed = [this](std::string_view bytes) {
        m_consumed += bytes.size();
        // A last line without its end is the same line when the file has grown: the line feed counts with
        // what follows it.
        if (std::exchange(m_lineEnded, bytes.ends_with('\n')))
            m_identity.addData(bytesOf("\n"));
        if (m_lineEnded)
            bytes.remove_suffix(1);
        m_identity.addData(bytesOf(bytes));
    };
    beginSection();
    std::string_view text;
    for (;;) {
        switch (lines.next(text)) {
        case LineReader::Result::Line: {
            if (text.find_first_not_of(" \t\r") == std::string_view::npos) {
                ++m_counts.lines;
                ++m_counts.emptyLines;
                break;
            }
            Section& section = *m_section;
            if (section.lines.empty())
                m_waitingSince = std::chrono::steady_clock::now();
            section.lines.push_back(
                {lines.lineNumber(), section.text.size(), section.text.size() + text.size()});
            section.text.append(text);
            break;
        }
        case LineReader::Result::LongLine:
            // It goes into the file as it is read: nobody else may write there, maybe for minutes.
            if (!m_writers.finish())
                return failure();
            m_rejects.longLine(lines.lineNumber(), "the line is longer than 128 MiB",
                               [&](std::string_view& piece) { return lines.nextPiece(piece); });
            if (!m_rejects.isGood())
                return failure();
            ++m_counts.lines;
            ++m_counts.rejectedLines;
            break;
        case LineReader::Result::Quiet:
            if (!m_section->lines.empty() && !flush())
                return failure();
            continue;
        case LineReader::Result::End:
            return flush() && m_writers.finish() ? End::Done : failure();
        case LineReader::Result::Failed:
            if (stopped())
                return stop();
            return m_writers.finish() ? End::ReadFailed : failure();
        }
        if (m_firstBatch)
            m_beginnings.append(digestSoFar());
        const bool isLate = m_options.live && !m_section->lines.empty() &&
                            std::chrono::steady_clock::now() - m_waitingSince > longestWait;
        if (m_consumed >= m_sectionBytes || isLate) {
            if (stopped())
                return stop();
            if (!flush())
                return failure();
        }
    }
}

/// Why it goes no further.
Importer::End Importer::failure()
{
    m_writers.abandon();
    const std::lock_guard lock(m_mutex);
    return m_error ? End::DatabaseFailed : m_rejects.isGood() ? End::Stopped : End::RejectsFailed;
}

Importer::End Importer::stop()
{
    // The same call goes on with a file. What came through a pipe does not come again.
    if (m_options.live && flush())
        m_writers.finish();
    return failure();
}

/// Into how many batches a section of full size is cut.
int Importer::partCount() const
{
    // Of live input no more than needed: few lines in many batches would only cost.
    return m_options.live ? std::bit_ceil(static_cast<unsigned>(m_options.writers)) : LaneRunner::laneCount;
}

void Importer::beginSection()
{
    m_section = std::make_shared<Section>();
    m_partBytes = filePartBytes;
    if (m_options.live) {
        const std::lock_guard lock(m_mutex);
        std::int64_t sum = 0;
        for (const BatchSizer& sizer : m_sizers)
            sum += sizer.rows();
        m_partBytes = static_cast<std::size_t>(sum) / m_sizers.size();
    }
    m_sectionBytes = m_firstBatch ? firstBytes : m_partBytes * static_cast<std::size_t>(partCount());
}

bool Importer::flush()
{
    const std::size_t bytes = std::exchange(m_consumed, 0);
    const QByteArray digest = m_beginnings.isEmpty() ? digestSoFar() : m_beginnings.constLast();
    if (m_firstBatch && !m_section->lines.empty() && !findEarlierRun())
        return false;
    m_beginnings.clear();
    if (!m_section->lines.empty() && m_catalogueStale.exchange(false) && !readCatalogue())
        return false;

    const int count = m_firstBatch ? 1
                                   : static_cast<int>(std::bit_floor(std::clamp<std::size_t>(
                                         bytes / m_partBytes, 1, static_cast<std::size_t>(partCount()))));
    m_parts.clear();
    for (int i = 0; i < count; ++i) {
        m_parts.push_back(std::make_shared<Part>(m_options.tenant, m_options.source));
        m_parts.back()->section = m_section;
        m_parts.back()->id = idOf(
            count == 1 ? digest : digest + " " + QByteArray::number(i) + " of " + QByteArray::number(count));
    }
    m_newAttributes.clear();
    for (std::size_t line = 0; line < m_section->lines.size(); ++line)
        take(line);
    const std::vector<std::shared_ptr<Part>> parts = std::exchange(m_parts, {});
    for (const auto& part : parts)
        part->keys = {};
    // Batches run at once, and the first value in the file is to decide of what type an attribute is.
    if (count > 1 && !m_newAttributes.empty() && !makeAttributes(digest))
        return false;

    std::size_t rest = bytes; // of empty and rejected lines
    std::size_t held = 0;
    {
        const std::lock_guard lock(m_mutex);
        m_sections.push_back(m_section);
        for (const auto& section : m_sections)
            held += section->text.size();
        for (const auto& part : parts) {
            rest -= std::min(rest, part->bytes);
            m_section->underWay += part->batch.isEmpty() ? 0 : 1;
        }
        if (!writeRejects())
            return false;
    }
    m_counts.bytes += static_cast<std::int64_t>(rest);
    if (!m_writers.waitForRoom(bytes))
        return false;
    for (int i = 0; i < count; ++i) {
        const std::shared_ptr<Part>& part = parts[static_cast<std::size_t>(i)];
        if (part->batch.isEmpty())
            continue;
        if (m_firstBatch) {
            part->newAttributes = static_cast<std::int64_t>(m_newAttributes.size());
            if (!send(*m_door, 0, *part))
                return false;
            m_firstBatch = false;
            continue;
        }
        if (count == 1)
            part->newAttributes = static_cast<std::int64_t>(m_newAttributes.size());
        m_writers.add(LaneRunner::share(i, count), part->bytes, [this, part](int writer) {
            if (!m_options.live && m_stopped())
                return false;
            const auto at = static_cast<std::size_t>(writer);
            if (!m_doors[at])
                m_doors[at] = m_makeDoor(m_stopped);
            return send(*m_doors[at], at, *part);
        });
    }
    beginSection();
    // Lines of a hundred megabytes: one at a time in memory. And a batch that waits for long keeps the lines
    // of every section after its own, however little of those is left to write.
    return (bytes <= mostWaiting && held <= mostHeld) || m_writers.finish();
}

bool Importer::send(Door& door, std::size_t writer, Part& part)
{
    const auto sent = door.send(part.batch, part.id);
    if (!sent)
        return fail(sent.error());
    // What we took for the type of a new attribute is right unless somebody else was faster.
    if (sent->rejected > 0 || sent->newAttributes < part.newAttributes)
        m_catalogueStale = true;
    std::int64_t rejected = 0;
    if (sent->rejected > 0 && !copyServerRejects(door, part, rejected))
        return false;
    ++m_counts.batches;
    const std::int64_t taken = static_cast<std::int64_t>(part.origins.size()) - rejected;
    m_counts.values += taken;
    if (sent->duplicate) {
        ++m_counts.duplicateBatches;
    } else {
        m_counts.newRows += sent->rows;
        m_counts.sameTimes += taken - sent->rows;
    }
    m_counts.rejectedValues += rejected;
    m_counts.newEntities += sent->newEntities;
    m_counts.newAttributes += sent->newAttributes;
    m_counts.lines += part.lines;
    m_counts.bytes += static_cast<std::int64_t>(part.bytes);
    const std::lock_guard lock(m_mutex);
    m_sizers[writer].took(static_cast<std::int64_t>(part.bytes), sent->took);
    --part.section->underWay;
    return writeRejects();
}

/// Of the sections that are over, in the order of the file. m_mutex is held.
bool Importer::writeRejects()
{
    while (!m_sections.empty() && m_sections.front()->underWay == 0) {
        auto& rejects = m_sections.front()->rejects;
        std::stable_sort(rejects.begin(), rejects.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        for (const auto& reject : rejects)
            m_rejects.write(reject.second);
        m_sections.pop_front();
    }
    return m_rejects.isGood();
}

/// The first error ends the others' work; what comes of that is none.
bool Importer::fail(const db::DbError& error)
{
    const std::lock_guard lock(m_mutex);
    if (!m_error)
        m_error = error;
    m_hasFailed = true;
    return false;
}

bool Importer::ask(Door& door, const std::function<db::Status(db::BlockingSession&)>& question)
{
    const db::Status answered = door.ask(question);
    return answered ? true : fail(answered.error());
}

BatchId Importer::idOf(const QByteArray& words) const
{
    return BatchId::derive(viewOf(words), m_startedAt);
}

QByteArray Importer::digestSoFar()
{
    const QByteArray digest = m_identity.result();
    m_identity.reset();
    m_identity.addData(digest);
    return digest;
}

bool Importer::findEarlierRun()
{
    // Lines without a time get the time the file was first imported: the same again then changes nothing. A
    // file that was shorter then was sent as one batch that ended at some line of this first one.
    QStringList ids;
    ids.reserve(m_beginnings.size());
    for (const QByteArray& digest : std::as_const(m_beginnings)) {
        ids.append(QString::fromLatin1(idOf(digest).uuid));
    }
    return ask(*m_door, [&](db::BlockingSession& session) -> db::Status {
        const auto found = session.exec(earlierSql({db::param(m_options.tenant), db::arrayParam(ids)}));
        if (!found)
            return found.error();
        if (!found->isNull(0, 0))
            m_startedAt = static_cast<std::int64_t>(found->real(0, 0).value_or(0));
        return db::success();
    });
}

/// What batches under way are to make stays in it.
bool Importer::readCatalogue()
{
    return ask(*m_door, [this](db::BlockingSession& session) {
        return session.stream(
            catalogueSql({db::param(m_options.tenant)}), 5000, [this](const db::ResultSet& rows) {
                for (int row = 0; row < rows.rowCount(); ++row)
                    m_catalogue.insert(rows.bytes(row, 0).toByteArray(),
                                       static_cast<ValueType>(rows.integer(row, 1).value_or(1)));
            });
    });
}

bool Importer::makeAttributes(const QByteArray& digest)
{
    Batch batch(m_options.tenant, m_options.source);
    for (const auto& attribute : m_newAttributes)
        batch.attribute(attribute.first, attribute.second);
    const auto sent = m_door->send(batch, idOf(digest + " attributes"));
    if (!sent)
        return fail(sent.error());
    m_counts.newAttributes += sent->newAttributes;
    if (sent->newAttributes < static_cast<std::int64_t>(m_newAttributes.size()))
        m_catalogueStale = true; // somebody else was faster
    return true;
}

/// While the section is the reader's alone.
void Importer::reject(std::size_t line, std::string text)
{
    m_section->rejects.emplace_back(line, std::move(text));
}

void Importer::take(std::size_t line)
{
    const std::int64_t number = m_section->lines[line].number;
    const std::string_view text = m_section->textOf(line);
    const std::string problem = parseObservation(text, m_observation);
    if (!problem.empty()) {
        ++m_counts.lines;
        ++m_counts.rejectedLines;
        reject(line, RejectsFile::line(number, problem, text));
        return;
    }
    const std::size_t count = m_parts.size();
    Part& part = *m_parts[static_cast<std::size_t>(laneOf(m_observation.id)) * count / LaneRunner::laneCount];
    part.bytes += text.size();
    ++part.lines;
    const int entity = part.batch.entity(m_observation.id, m_observation.type, m_observation.name);
    // A microsecond a line, so that of two lines without a time the later one is the newer.
    const std::int64_t observedAt = m_observation.observedAt.value_or(m_startedAt + number);
    for (std::size_t i = 0; i < m_observation.valueCount; ++i)
        takeValue(part, line, entity, observedAt, m_observation.values[i]);
}

void Importer::takeValue(Part& part, std::size_t line, int entity, std::int64_t observedAt,
                         const SentValue& value)
{
    using Kind = JsonReader::Kind;
    const QByteArray key =
        QByteArray::fromRawData(value.name.data(), static_cast<qsizetype>(value.name.size()));
    const auto known = m_catalogue.constFind(key);
    const bool isKnown = known != m_catalogue.constEnd();
    const char* problem = value.problem;
    if (!problem) {
        switch (value.kind) {
        case Kind::Null:
            if (!isKnown)
                return; // nobody has it, so there is nothing to clear and no type to give it
            encodeCleared(*known, m_columns);
            break;
        case Kind::True:
        case Kind::False:
            encodeBoolean(value.kind == Kind::True, m_columns);
            break;
        case Kind::Number:
            problem = encodeNumber(value.text, m_columns);
            break;
        case Kind::String: {
            const bool mayBeTime = isKnown ? *known == ValueType::Timestamp : m_options.timestamps;
            // A string that is no time goes to the server as a string, which rejects it with its reason.
            if (!mayBeTime || encodeTimestamp(value.text, m_columns) != nullptr)
                problem = encodeString(value.text, m_columns);
            break;
        }
        default:
            problem = encodeJson(value.text, m_columns);
        }
    }
    if (problem) {
        ++m_counts.rejectedValues;
        reject(line, RejectsFile::value(m_section->lines[line].number, problem, m_observation.id, value.name,
                                        sentText(value)));
        return;
    }
    const bool isRight = !isKnown || *known == m_columns.type;
    if (!isKnown) {
        m_catalogue.insert(QByteArray(value.name.data(), static_cast<qsizetype>(value.name.size())),
                           m_columns.type);
        m_newAttributes.emplace_back(value.name, m_columns.type);
    }
    const int attribute = part.batch.attribute(value.name, m_columns.type);
    // Which of two with the same time is the first is decided here: the server finds a batch's values in the
    // order in which they lie on its pages, and a short one may fill a gap before longer ones. Those of a
    // wrong type are all its to reject.
    const bool isSent = !isRight || part.keys.insert({entity, attribute, observedAt}).second;
    if (isSent)
        part.batch.add(entity, attribute, observedAt, m_columns);
    part.origins.push_back({entity, attribute, observedAt, line, isSent});
}

bool Importer::copyServerRejects(Door& door, const Part& part, std::int64_t& count)
{
    struct Rejected
    {
        std::string reason;
        int count = 0;
    };
    std::unordered_map<std::string, Rejected> rejected;
    const bool read = ask(door, [&](db::BlockingSession& session) {
        rejected.clear(); // nothing is written before all is known: an attempt that broke off leaves no trace
        const db::Statement statement =
            rejectsSql({db::param(m_options.tenant), db::param(part.id.uuid)}, batchDeadline);
        return session.stream(statement, 1000, [&rejected](const db::ResultSet& rows) {
            for (int row = 0; row < rows.rowCount(); ++row) {
                Rejected& one =
                    rejected[rejectKey(viewOf(rows.bytes(row, 0)), viewOf(rows.bytes(row, 1)),
                                       rows.integer(row, 2).value_or(0), rows.integer(row, 3).value_or(0))];
                one.reason = viewOf(rows.bytes(row, 4));
                ++one.count;
            }
        });
    });
    if (!read)
        return false;
    // The text comes from the line: the server keeps a number by its value.
    const Section& section = *part.section;
    std::vector<std::pair<std::size_t, std::string>> lines;
    Observation observation;
    std::size_t parsed = section.lines.size(); // none yet
    for (const Part::Origin& origin : part.origins) {
        const std::string& entity = part.batch.entityId(origin.entity);
        const std::string& attribute = part.batch.attributeName(origin.attribute);
        const auto found = rejected.find(
            rejectKey(entity, attribute, static_cast<int>(part.batch.attributeType(origin.attribute)),
                      origin.observedAt));
        if (found == rejected.end() || (origin.isSent && found->second.count == 0))
            continue;
        found->second.count -= origin.isSent ? 1 : 0;
        if (parsed != origin.line) {
            parseObservation(section.textOf(origin.line), observation);
            parsed = origin.line;
        }
        const auto end = observation.values.cbegin() + static_cast<std::ptrdiff_t>(observation.valueCount);
        const auto value =
            std::find_if(observation.values.cbegin(), end, [&attribute](const SentValue& sent) {
                return !sent.problem && sent.name == attribute;
            });
        lines.emplace_back(
            origin.line, RejectsFile::value(section.lines[origin.line].number, found->second.reason, entity,
                                            attribute, value == end ? std::string_view() : sentText(*value)));
    }
    const std::lock_guard lock(m_mutex);
    count = static_cast<std::int64_t>(lines.size());
    std::move(lines.begin(), lines.end(), std::back_inserter(part.section->rejects));
    return true;
}

} // namespace atlas::ingest
