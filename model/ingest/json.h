// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace atlas::ingest {

/// A strict pull reader of one JSON text (RFC 8259) that keeps every number as it was written. Libraries that
/// parse numbers refuse 1e400 or round 9007199254740993 even where they hand the digits over. After an error
/// every call returns false; problem() and position() say what and where.
class JsonReader
{
public:
    explicit JsonReader(std::string_view text);

    enum class Kind { Null, True, False, Number, String, Object, Array, None };
    /// What comes next, whitespace skipped. None: nothing or no beginning of a value.
    Kind peek();

    /// After peek() said Object: its '{'. Then nextMember() until it returns false, each time followed by
    /// reading or skipping the member's value.
    bool enterObject();
    bool nextMember(std::string& key);
    /// Decodes into `out`; escapes resolved. A lone surrogate is an error, NUL is not.
    bool readString(std::string& out);
    /// The number's characters within the text.
    bool readNumber(std::string_view& token);
    bool readLiteral();
    /// Any value, written to `out` without whitespace, strings with the fewest escapes. `unstorable` is set,
    /// without making the text invalid, to why jsonb could not hold it: NUL, too deep, a number out of range.
    bool compactValue(std::string& out, const char*& unstorable);
    bool skipValue();
    /// True when only whitespace is left.
    bool atEnd();

    bool failed() const { return m_problem != nullptr; }
    const char* problem() const { return m_problem; }
    /// Byte offset of the next character, or of the error.
    std::size_t position() const { return m_at; }
    /// The text between two positions.
    std::string_view slice(std::size_t from, std::size_t to) const { return m_text.substr(from, to - from); }

private:
    bool fail(const char* problem);
    void skipSpace();
    bool readUnit(unsigned& unit);
    bool appendCodePoint(std::string& out);

    std::string_view m_text;
    std::size_t m_at = 0;
    const char* m_problem = nullptr;
    bool m_firstMember = false;
    std::string m_scratch;
};

/// Appends the text as a JSON string, quotes included. `text` must be valid UTF-8.
void appendJsonString(std::string& out, std::string_view text);

} // namespace atlas::ingest
