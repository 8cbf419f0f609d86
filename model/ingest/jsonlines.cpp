// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/jsonlines.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "model/ingest/batch.h"

namespace atlas::ingest {

namespace {

using Kind = JsonReader::Kind;

std::string at(const JsonReader& reader, const char* problem)
{
    return "column " + std::to_string(reader.position() + 1) + ": " + problem;
}

/// A string member; null counts as absent. Returns why not, empty when fine.
std::string readText(JsonReader& reader, const char* key, NameKind kind, std::optional<std::string>& out)
{
    out.reset();
    switch (reader.peek()) {
    case Kind::Null:
        return reader.readLiteral() ? std::string() : at(reader, reader.problem());
    case Kind::String: {
        std::string text;
        if (!reader.readString(text))
            return at(reader, reader.problem());
        if (const char* problem = nameProblem(text, kind))
            return std::string(key) + ": " + problem;
        out = std::move(text);
        return {};
    }
    default:
        return at(reader, (std::string(key) + " must be a string").c_str());
    }
}

std::string readId(JsonReader& reader, Observation& out)
{
    if (reader.peek() == Kind::Number) {
        // Numbers are common as ids; only integers have one obvious text.
        std::string_view token;
        if (!reader.readNumber(token))
            return at(reader, reader.problem());
        if (token.find_first_of(".eE") != std::string_view::npos)
            return at(reader, "id must be a string or an integer");
        out.id = token;
    } else {
        std::optional<std::string> text;
        if (std::string problem = readText(reader, "id", NameKind::EntityId, text); !problem.empty())
            return problem;
        if (!text)
            return at(reader, "id must not be null");
        out.id = std::move(*text);
        return {};
    }
    if (const char* problem = nameProblem(out.id, NameKind::EntityId))
        return std::string("id: ") + problem;
    return {};
}

std::string readObservedAt(JsonReader& reader, Observation& out)
{
    if (reader.peek() == Kind::Null)
        return reader.readLiteral() ? std::string() : at(reader, reader.problem());
    std::string text;
    if (reader.peek() != Kind::String)
        return at(reader, "observed_at must be a string (ISO 8601, with zone)");
    if (!reader.readString(text))
        return at(reader, reader.problem());
    out.observedAt = parseInstant(text);
    if (!out.observedAt)
        return "observed_at is not a date and time with zone (ISO 8601), years 1 to 9999";
    return {};
}

std::string readAttributes(JsonReader& reader, Observation& out)
{
    if (reader.peek() != Kind::Object)
        return at(reader, "attributes must be an object");
    reader.enterObject();
    std::string key;
    while (reader.nextMember(key)) {
        if (out.valueCount == out.values.size())
            out.values.emplace_back();
        SentValue& value = out.values[out.valueCount++];
        value.name = key;
        value.problem = nameProblem(key, NameKind::Attribute);
        value.kind = reader.peek();
        value.text.clear();
        const char* unstorable = nullptr;
        bool read = false;
        switch (value.kind) {
        case Kind::String:
            read = reader.readString(value.text);
            break;
        case Kind::Number: {
            std::string_view token;
            read = reader.readNumber(token);
            value.text = token;
            break;
        }
        case Kind::Object:
        case Kind::Array:
            read = reader.compactValue(value.text, unstorable);
            break;
        default:
            read = reader.readLiteral();
        }
        if (!read)
            return at(reader, reader.problem());
        if (!value.problem)
            value.problem = unstorable;
    }
    return reader.failed() ? at(reader, reader.problem()) : std::string();
}

/// The first of several equal names stands: so it is for equal observation times on the server.
void markRepeated(Observation& out)
{
    constexpr const char* repeated = "the attribute appears twice in the line; the first value was taken";
    if (out.valueCount <= 16) {
        for (std::size_t i = 1; i < out.valueCount; ++i) {
            for (std::size_t j = 0; j < i && !out.values[i].problem; ++j) {
                if (out.values[j].name == out.values[i].name)
                    out.values[i].problem = repeated;
            }
        }
        return;
    }
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < out.valueCount; ++i) {
        if (!seen.insert(out.values[i].name).second && !out.values[i].problem)
            out.values[i].problem = repeated;
    }
}

} // namespace

std::string parseObservation(std::string_view line, Observation& out)
{
    out.id.clear();
    out.type.reset();
    out.name.reset();
    out.observedAt.reset();
    out.valueCount = 0;
    if (!isUtf8(line))
        return "not valid UTF-8";
    JsonReader reader(line);
    if (reader.peek() != Kind::Object)
        return at(reader, "a JSON object is expected");
    reader.enterObject();
    unsigned seen = 0;
    std::string key;
    while (reader.nextMember(key)) {
        static constexpr std::string_view keys[] = {"id", "type", "name", "observed_at", "attributes"};
        const auto known =
            static_cast<unsigned>(std::find(std::begin(keys), std::end(keys), key) - std::begin(keys));
        if (known == std::size(keys)) {
            std::string quoted;
            appendJsonString(quoted, key);
            return "unknown key " + quoted + " (id, type, name, observed_at and attributes are known)";
        }
        if (seen & (1u << known))
            return "key \"" + key + "\" appears twice";
        seen |= 1u << known;
        std::string problem;
        switch (known) {
        case 0:
            problem = readId(reader, out);
            break;
        case 1:
            problem = readText(reader, "type", NameKind::EntityType, out.type);
            break;
        case 2:
            problem = readText(reader, "name", NameKind::EntityName, out.name);
            break;
        case 3:
            problem = readObservedAt(reader, out);
            break;
        default:
            problem = readAttributes(reader, out);
        }
        if (!problem.empty())
            return problem;
    }
    if (reader.failed())
        return at(reader, reader.problem());
    if (!reader.atEnd())
        return at(reader, "more text after the object");
    if ((seen & 1u) == 0)
        return "id is missing";
    markRepeated(out);
    return {};
}

LineReader::LineReader(Source source, std::size_t maxLine)
    : m_source(std::move(source))
    , m_maxLine(maxLine)
{
    m_buffer.resize(std::min<std::size_t>(m_maxLine, 1 << 20));
}

bool LineReader::fill()
{
    if (m_atEnd)
        return false;
    if (m_begin > 0) {
        std::memmove(m_buffer.data(), m_buffer.data() + m_begin, m_end - m_begin);
        m_end -= m_begin;
        m_scanned -= m_begin;
        m_begin = 0;
    }
    if (m_end == m_buffer.size()) {
        if (m_buffer.size() >= m_maxLine)
            return true; // full: the line is too long
        m_buffer.resize(std::min(m_buffer.size() * 2, m_maxLine));
    }
    const std::int64_t got =
        m_source(m_buffer.data() + m_end, static_cast<std::int64_t>(m_buffer.size() - m_end));
    m_isQuiet = got == quiet;
    if (m_isQuiet)
        return false;
    if (got <= 0) {
        m_failed = got < 0;
        m_atEnd = true;
        return false;
    }
    m_end += static_cast<std::size_t>(got);
    m_read += got;
    return true;
}

LineReader::Result LineReader::next(std::string_view& line)
{
    std::string_view rest;
    while (m_inLong && nextPiece(rest)) {
    }
    for (;;) {
        if (m_start && (m_end - m_begin >= 3 || m_atEnd)) {
            m_start = false;
            if (std::string_view(m_buffer.data(), m_end).starts_with("\xEF\xBB\xBF"))
                m_begin = m_scanned = 3;
        }
        const void* found = m_start || m_scanned == m_end
                                ? nullptr
                                : std::memchr(m_buffer.data() + m_scanned, '\n', m_end - m_scanned);
        if (found) {
            const auto place = static_cast<std::size_t>(static_cast<const char*>(found) - m_buffer.data());
            line = std::string_view(m_buffer.data() + m_begin, place - m_begin);
            if (consumed)
                consumed(std::string_view(m_buffer.data() + m_begin, place + 1 - m_begin));
            m_begin = m_scanned = place + 1;
            ++m_number;
            return Result::Line;
        }
        if (!m_start)
            m_scanned = m_end;
        if (m_end - m_begin >= m_maxLine) {
            ++m_number;
            m_inLong = true;
            return Result::LongLine;
        }
        if (!fill()) {
            if (m_isQuiet)
                return Result::Quiet;
            if (m_failed)
                return Result::Failed;
            if (m_start)
                continue; // fewer than three bytes in all
            if (m_begin == m_end)
                return Result::End;
            line = std::string_view(m_buffer.data() + m_begin, m_end - m_begin);
            if (consumed)
                consumed(line);
            m_begin = m_scanned = m_end;
            ++m_number;
            return Result::Line;
        }
    }
}

bool LineReader::nextPiece(std::string_view& piece)
{
    if (!m_inLong)
        return false;
    while (m_begin == m_end && !fill()) {
        if (m_isQuiet)
            continue; // the middle of a line: nothing else to do than wait for its rest
        m_inLong = false;
        return false;
    }
    const void* found = std::memchr(m_buffer.data() + m_begin, '\n', m_end - m_begin);
    const std::size_t place =
        found ? static_cast<std::size_t>(static_cast<const char*>(found) - m_buffer.data()) : m_end;
    piece = std::string_view(m_buffer.data() + m_begin, place - m_begin);
    if (found)
        m_inLong = false;
    if (consumed)
        consumed(std::string_view(m_buffer.data() + m_begin, place + (found ? 1 : 0) - m_begin));
    m_begin = m_scanned = place + (found ? 1 : 0);
    return !piece.empty() || m_inLong;
}

} // namespace atlas::ingest
