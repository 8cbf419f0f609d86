// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ingest/json.h"
#include "model/ingest/value.h"

namespace atlas::ingest {

/// One attribute of a line as it was sent. The strings of an Observation are reused from line to line.
struct SentValue
{
    std::string name;
    JsonReader::Kind kind = JsonReader::Kind::Null;
    std::string text;              ///< string decoded, number as written, object or array compact
    const char* problem = nullptr; ///< why this value alone cannot be taken
};

/// A line of an import file taken apart; see docs/import-format.md.
struct Observation
{
    std::string id;
    std::optional<std::string> type;
    std::optional<std::string> name;
    std::optional<std::int64_t> observedAt; ///< µs since 1970 UTC; nullopt: the line has none
    std::vector<SentValue> values;          ///< the first valueCount are this line's
    std::size_t valueCount = 0;
};

/// Reads one line. Returns an empty string, or why the whole line cannot be taken ("column 17: a colon is
/// expected").
std::string parseObservation(std::string_view line, Observation& out);

/// Cuts a stream into lines with bounded memory: a line longer than the limit is announced and then handed
/// over in pieces, so that it can be put aside without being held.
class LineReader
{
public:
    /// Fills at most `size` bytes; 0 at the end, `quiet` when nothing has come for a while, any other
    /// negative number on an error.
    using Source = std::function<std::int64_t(char* data, std::int64_t size)>;
    static constexpr std::int64_t quiet = -2;
    explicit LineReader(Source source, std::size_t maxLine = defaultMaxLine);

    static constexpr std::size_t defaultMaxLine = std::size_t{128} << 20;

    /// Quiet: the source is; it may go on.
    enum class Result { Line, LongLine, End, Failed, Quiet };
    /// `line` is without its line feed (a carriage return before it is kept) and valid until the next call.
    Result next(std::string_view& line);
    /// After LongLine: its bytes, piece by piece; false when there are no more.
    bool nextPiece(std::string_view& piece);
    /// Number of the line last handed over, from 1.
    std::int64_t lineNumber() const { return m_number; }
    /// Bytes consumed, for progress.
    std::int64_t bytesRead() const { return m_read; }
    /// Everything that was read up to the end of the last line goes through here, for the identity of
    /// batches.
    std::function<void(std::string_view)> consumed;

private:
    bool fill();
    Source m_source;
    std::size_t m_maxLine;
    std::vector<char> m_buffer;
    std::size_t m_begin = 0;
    std::size_t m_end = 0;
    std::size_t m_scanned = 0; ///< no line feed before this place
    std::int64_t m_number = 0;
    std::int64_t m_read = 0;
    bool m_atEnd = false;
    bool m_failed = false;
    bool m_isQuiet = false;
    bool m_inLong = false;
    bool m_start = true;
};

} // namespace atlas::ingest
