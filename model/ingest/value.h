// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArrayView>
#include <QString>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/catalog/valuetype.h"

/// The write path: values, batches, the two doors, import, the synthetic platform, the collector.
namespace atlas::ingest {

/// A value as the four columns of attribute_values hold it, in UTF-8 text, not yet escaped. What is not
/// `has…` is NULL; a value with neither search key is a cleared one. Meant to be reused: the strings keep
/// their room.
struct ValueColumns
{
    ValueType type = ValueType::String;
    std::string num;      ///< value_num as float8in reads it
    std::string text;     ///< value_text: at most maxSearchCharacters
    std::string exact;    ///< value_exact as numeric_in reads it
    std::string longText; ///< value_long
    bool hasNum = false;
    bool hasText = false;
    bool hasExact = false;
    bool hasLong = false;

    bool isCleared() const { return !hasNum && !hasText; }
    void reset(ValueType newType);
};

inline constexpr int maxSearchCharacters = 256;   ///< Unicode code points kept in value_text
inline constexpr int maxNumberDigits = 1000;      ///< significant digits of a number, as written
inline constexpr int maxNumberExponent = 131'071; ///< numeric holds 131,072 digits before the point…
inline constexpr int maxNumberScale = 16'383;     ///< …and 16,383 after it
inline constexpr int maxJsonDepth = 500;          ///< deeper documents are rejected: jsonb's parser recurses
inline constexpr int maxNameCharacters = 500;     ///< external_id, attribute name, entity name
inline constexpr int maxTypeCharacters = 200;     ///< entity type

/// The encoders return nullptr, or why the value cannot be stored ("number has more than 1,000 digits").
/// `token` is a JSON number (RFC 8259): -0, 1.0, 1e400 are fine, NaN and +1 are not.
const char* encodeNumber(std::string_view token, ValueColumns& out);
/// Any UTF-8 without NUL; the JSON reader has already refused lone surrogates.
const char* encodeString(std::string_view text, ValueColumns& out);
void encodeBoolean(bool value, ValueColumns& out);
/// RFC 3339 date-time with zone. The text is kept beside the instant unless it is in canonical form already.
const char* encodeTimestamp(std::string_view text, ValueColumns& out);
void encodeTimestamp(std::int64_t microseconds, ValueColumns& out);
/// Compact JSON text of an object or array (see JsonReader::compactValue, which also checks depth and
/// numbers).
const char* encodeJson(std::string_view compact, ValueColumns& out);
/// JSON null: the entity does not have the attribute any more.
void encodeCleared(ValueType type, ValueColumns& out);

/// A row's value read back: exactly what was sent. Numbers in the digits they came in, timestamps as sent,
/// JSON compact.
struct DecodedValue
{
    ValueType type = ValueType::String;
    bool cleared = false;
    QString text;
    /// As a JSON value, for export: import of it gives the same columns.
    QByteArray json() const;
};
/// Columns as a statement returns them in text format (value_num::text and so on); nullopt is NULL.
DecodedValue decodeValue(ValueType type, std::optional<QByteArrayView> num,
                         std::optional<QByteArrayView> text, std::optional<QByteArrayView> exact,
                         std::optional<QByteArrayView> longText);

/// The text PostgreSQL's float8out gives (extra_float_digits ≥ 1): the shortest digits strictly inside the
/// rounding interval, fixed notation for exponents -4 to 14, "Infinity", "-0". Differs from std::to_chars
/// where the shortest decimal lies exactly half way between two doubles (1e23 → 9.999999999999999e+22).
std::string float8Text(double value);

/// Microseconds since 1970 UTC of an RFC 3339 date-time with zone, years 1 to 9999; nullopt when it is none.
/// Digits after the sixth are cut. Second 60 is the next minute's first, as PostgreSQL has it.
std::optional<std::int64_t> parseTimestamp(std::string_view text);
/// The same for the forms of ISO 8601 that other programs write: zone as ±hh, ±hhmm or ±hh:mm, a comma as the
/// decimal point, no seconds, nothing between the parts (20260131T120000Z). A zone it must have.
std::optional<std::int64_t> parseInstant(std::string_view text);
/// 2026-01-31T12:00:00Z, with six digits after the point when they are not all zero.
std::string canonicalTimestamp(std::int64_t microseconds);
/// The current time in microseconds since 1970 UTC, by this machine's clock.
std::int64_t nowMicroseconds();

/// Appends text as COPY's text format wants it (backslash, tab, newline, carriage return escaped).
void appendEscaped(std::string& out, std::string_view text);
/// Appends the four columns, tab-separated, \N for NULL, without a line end.
void appendColumns(std::string& out, const ValueColumns& value);

/// Valid UTF-8 (no surrogates, no overlong forms)?
bool isUtf8(std::string_view text);
/// Code points of valid UTF-8.
std::size_t countCharacters(std::string_view utf8);

} // namespace atlas::ingest
