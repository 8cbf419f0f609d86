// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/importer.h"

#include <QFile>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_map>
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

void RejectsFile::line(std::int64_t number, std::string_view reason, std::string_view text)
{
    std::string out = "{\"line\": " + std::to_string(number) + ", \"reason\": ";
    appendJsonString(out, reason);
    out += ", ";
    appendText(out, text);
    out += "}\n";
    write(out);
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

void RejectsFile::value(std::int64_t number, std::string_view reason, std::string_view entity,
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
    write(out);
}

Importer::Importer(Door& door, RejectsFile& rejects, ImportOptions options)
    : m_door(door)
    , m_rejects(rejects)
    , m_options(std::move(options))
    , m_identity(QCryptographicHash::Sha256)
    , m_startedAt(nowMicroseconds())
    , m_batch(m_options.tenant, m_options.source)
{
    // What decides how a file is read is part of its batches' identity.
    m_identity.addData(bytesOf("atlas import 1 " + std::to_string(m_options.batchBytes) +
                               (m_options.timestamps ? " timestamps" : " plain")));
}

Importer::End Importer::run(LineReader& lines, const std::function<bool()>& stopped)
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
    std::string_view text;
    for (;;) {
        switch (lines.next(text)) {
        case LineReader::Result::Line:
            ++m_counts.lines;
            if (text.find_first_not_of(" \t\r") == std::string_view::npos) {
                ++m_counts.emptyLines;
                break;
            }
            if (m_lines.empty())
                m_waitingSince = std::chrono::steady_clock::now();
            m_lines.push_back({lines.lineNumber(), m_text.size(), m_text.size() + text.size()});
            m_text.append(text);
            break;
        case LineReader::Result::LongLine:
            ++m_counts.lines;
            ++m_counts.rejectedLines;
            m_rejects.longLine(lines.lineNumber(), "the line is longer than 128 MiB",
                               [&](std::string_view& piece) { return lines.nextPiece(piece); });
            if (!m_rejects.isGood())
                return End::RejectsFailed;
            break;
        case LineReader::Result::Quiet:
            if (!m_lines.empty() && !flush())
                return failure();
            continue;
        case LineReader::Result::End:
            return flush() ? End::Done : failure();
        case LineReader::Result::Failed:
            return stopped() ? stop() : End::ReadFailed;
        }
        m_counts.bytesRead = lines.bytesRead();
        if (m_firstBatch)
            m_beginnings.append(digestSoFar());
        const bool isLate = m_options.live && !m_lines.empty() &&
                            std::chrono::steady_clock::now() - m_waitingSince > longestWait;
        const std::size_t full =
            m_options.live ? static_cast<std::size_t>(m_liveSize.rows()) : m_options.batchBytes;
        if (m_consumed >= full || isLate) {
            if (stopped())
                return stop();
            if (!flush())
                return failure();
        }
    }
}

Importer::End Importer::stop()
{
    // The same call goes on with a file. What came through a pipe does not come again.
    if (m_options.live && !m_lines.empty() && !flush())
        return failure();
    return End::Stopped;
}

bool Importer::flush()
{
    m_flushed = std::exchange(m_consumed, 0);
    const QByteArray digest = m_beginnings.isEmpty() ? digestSoFar() : m_beginnings.constLast();
    if (m_firstBatch && !m_lines.empty() && !findEarlierRun())
        return false;
    m_beginnings.clear();
    if (m_lines.empty())
        return m_rejects.isGood();
    const BatchId id = BatchId::derive(
        std::string_view(digest.constData(), static_cast<std::size_t>(digest.size())), m_startedAt);
    if (m_catalogueStale && !readCatalogue())
        return false;

    m_batch.reset();
    m_origins.clear();
    for (std::size_t line = 0; line < m_lines.size(); ++line)
        take(line);
    if (!m_batch.isEmpty() && !send(id))
        return false;
    m_lines.clear();
    m_text.clear();
    return m_rejects.isGood();
}

bool Importer::send(const BatchId& id)
{
    const auto sent = m_door.send(m_batch, id);
    if (!sent) {
        m_error = sent.error();
        return false;
    }
    m_firstBatch = false;
    m_liveSize.took(static_cast<std::int64_t>(m_flushed), sent->took);
    ++m_counts.batches;
    const std::int64_t taken = m_batch.rows() - sent->rejected;
    m_counts.values += taken;
    if (sent->duplicate) {
        ++m_counts.duplicateBatches;
    } else {
        m_counts.newRows += sent->rows;
        m_counts.sameTimes += taken - sent->rows;
    }
    m_counts.rejectedValues += sent->rejected;
    m_counts.newEntities += sent->newEntities;
    m_counts.newAttributes += sent->newAttributes;
    // What we took for the type of a new attribute is right unless somebody else was faster.
    m_catalogueStale = sent->newAttributes > 0 || sent->rejected > 0;
    return sent->rejected == 0 || copyServerRejects(id);
}

bool Importer::ask(const std::function<db::Status(db::BlockingSession&)>& question)
{
    const db::Status answered = m_door.ask(question);
    if (!answered)
        m_error = answered.error();
    return answered.ok();
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
        const std::string_view words(digest.constData(), static_cast<std::size_t>(digest.size()));
        ids.append(QString::fromLatin1(BatchId::derive(words, 0).uuid));
    }
    return ask([&](db::BlockingSession& session) -> db::Status {
        const auto found = session.exec(earlierSql({db::param(m_options.tenant), db::arrayParam(ids)}));
        if (!found)
            return found.error();
        if (!found->isNull(0, 0))
            m_startedAt = static_cast<std::int64_t>(found->real(0, 0).value_or(0));
        return db::success();
    });
}

bool Importer::readCatalogue()
{
    const bool read = ask([this](db::BlockingSession& session) {
        m_catalogue.clear(); // what an attempt that broke off left
        return session.stream(
            catalogueSql({db::param(m_options.tenant)}), 5000, [this](const db::ResultSet& rows) {
                for (int row = 0; row < rows.rowCount(); ++row)
                    m_catalogue.insert(rows.bytes(row, 0).toByteArray(),
                                       static_cast<ValueType>(rows.integer(row, 1).value_or(1)));
            });
    });
    if (read)
        m_catalogueStale = false;
    return read;
}

void Importer::take(std::size_t line)
{
    const std::int64_t number = m_lines[line].number;
    const std::string problem = parseObservation(textOf(m_lines[line]), m_observation);
    if (!problem.empty()) {
        ++m_counts.rejectedLines;
        m_rejects.line(number, problem, textOf(m_lines[line]));
        return;
    }
    const int entity = m_batch.entity(m_observation.id, m_observation.type, m_observation.name);
    // A microsecond a line, so that of two lines without a time the later one is the newer.
    const std::int64_t observedAt = m_observation.observedAt.value_or(m_startedAt + number);
    for (std::size_t i = 0; i < m_observation.valueCount; ++i)
        takeValue(line, entity, observedAt, m_observation.values[i]);
}

void Importer::takeValue(std::size_t line, int entity, std::int64_t observedAt, const SentValue& value)
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
        m_rejects.value(m_lines[line].number, problem, m_observation.id, value.name, sentText(value));
        return;
    }
    if (!isKnown)
        m_catalogue.insert(QByteArray(value.name.data(), static_cast<qsizetype>(value.name.size())),
                           m_columns.type);
    const int attribute = m_batch.attribute(value.name, m_columns.type);
    m_batch.add(entity, attribute, observedAt, m_columns);
    m_origins.push_back({entity, attribute, observedAt, line});
}

bool Importer::copyServerRejects(const BatchId& id)
{
    struct Rejected
    {
        std::string reason;
        int count = 0;
    };
    std::unordered_map<std::string, Rejected> rejected;
    const bool read = ask([&](db::BlockingSession& session) {
        rejected.clear(); // nothing is written before all is known: an attempt that broke off leaves no trace
        const db::Statement statement =
            rejectsSql({db::param(m_options.tenant), db::param(id.uuid)}, batchDeadline);
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
    // In the order of the file. The text comes from the line: the server keeps a number by its value.
    std::size_t parsed = m_lines.size(); // none yet
    for (const Origin& origin : m_origins) {
        const std::string& entity = m_batch.entityId(origin.entity);
        const std::string& attribute = m_batch.attributeName(origin.attribute);
        const auto found = rejected.find(rejectKey(
            entity, attribute, static_cast<int>(m_batch.attributeType(origin.attribute)), origin.observedAt));
        if (found == rejected.end() || found->second.count == 0)
            continue;
        --found->second.count;
        const Line& line = m_lines[origin.line];
        if (parsed != origin.line) {
            parseObservation(textOf(line), m_observation);
            parsed = origin.line;
        }
        const auto end =
            m_observation.values.cbegin() + static_cast<std::ptrdiff_t>(m_observation.valueCount);
        const auto value =
            std::find_if(m_observation.values.cbegin(), end, [&attribute](const SentValue& sent) {
                return !sent.problem && sent.name == attribute;
            });
        m_rejects.value(line.number, found->second.reason, entity, attribute,
                        value == end ? std::string_view() : sentText(*value));
    }
    return true;
}

} // namespace atlas::ingest
