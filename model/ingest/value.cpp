// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/value.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "db/utf8.h"
#include "model/ingest/json.h"

namespace atlas::ingest {

namespace {

/// A JSON number taken apart. `ok` false: it is none.
struct NumberParts
{
    bool ok = false;
    bool plain = false;    ///< no exponent, at most 15 digits, no trailing zero after the point
    bool zero = true;      ///< every digit is 0
    int digits = 0;        ///< from the first that is not 0, as written
    int significant = 0;   ///< of them those before the zeros that end a whole number
    long long leading = 0; ///< decimal exponent of the first digit that is not 0
    long long scale = 0;   ///< digits after the point once the exponent is applied
};

NumberParts takeApart(std::string_view token)
{
    NumberParts parts;
    std::size_t at = 0;
    const auto digit = [&](std::size_t i) { return i < token.size() && token[i] >= '0' && token[i] <= '9'; };
    if (at < token.size() && token[at] == '-')
        ++at;
    if (!digit(at) || (token[at] == '0' && digit(at + 1)))
        return parts;
    const std::size_t integerStart = at;
    while (digit(at))
        ++at;
    const std::size_t integerDigits = at - integerStart;
    std::size_t fractionDigits = 0;
    std::size_t fractionStart = 0;
    if (at < token.size() && token[at] == '.') {
        fractionStart = ++at;
        while (digit(at))
            ++at;
        fractionDigits = at - fractionStart;
        if (fractionDigits == 0)
            return parts;
    }
    const std::size_t mantissaEnd = at;
    long long exponent = 0;
    const bool hasExponent = at < token.size() && (token[at] == 'e' || token[at] == 'E');
    if (hasExponent) {
        ++at;
        bool negative = false;
        if (at < token.size() && (token[at] == '+' || token[at] == '-'))
            negative = token[at++] == '-';
        if (!digit(at))
            return parts;
        for (; digit(at); ++at)
            exponent = std::min<long long>(exponent * 10 + (token[at] - '0'), 1'000'000'000);
        if (negative)
            exponent = -exponent;
    }
    if (at != token.size())
        return parts;

    parts.ok = true;
    parts.scale = std::max<long long>(0, static_cast<long long>(fractionDigits) - exponent);
    std::size_t leadingZeros = 0;
    for (std::size_t i = integerStart; i < mantissaEnd; ++i) {
        if (token[i] == '.')
            continue;
        if (token[i] != '0') {
            parts.zero = false;
            break;
        }
        ++leadingZeros;
    }
    const std::size_t allDigits = integerDigits + fractionDigits;
    parts.digits = static_cast<int>(std::min<std::size_t>(allDigits - leadingZeros, 1'000'000'000));
    // 1e5000 comes back from the server with all its zeros, which say no more than the exponent did.
    std::size_t trailingZeros = 0;
    if (fractionDigits == 0 && !parts.zero) {
        while (token[mantissaEnd - 1 - trailingZeros] == '0')
            ++trailingZeros;
    }
    parts.significant = parts.digits - static_cast<int>(std::min<std::size_t>(trailingZeros, 1'000'000'000));
    parts.leading =
        static_cast<long long>(integerDigits) - 1 - static_cast<long long>(leadingZeros) + exponent;
    // At most 15 digits always survive the way through a double, and never lie half way between two of them.
    parts.plain = !hasExponent && parts.digits <= 15 &&
                  (fractionDigits == 0 || token[mantissaEnd - 1] != '0') &&
                  (parts.zero ? fractionDigits == 0 : parts.leading >= -4);
    return parts;
}

/// True when digits × 10^exponent lies exactly half way between two neighbouring doubles, that is when its
/// odd part has exactly 54 bits. (Not so among denormals, but no decimal of 17 digits is that small and
/// dyadic.)
bool isMidpoint(std::uint64_t digits, int exponent)
{
    if (digits == 0)
        return false;
    while (digits % 2 == 0)
        digits /= 2; // only the odd part counts, and 10 = 2 × 5
    for (; exponent < 0; ++exponent) {
        if (digits % 5 != 0)
            return false; // not a dyadic number at all
        digits /= 5;
    }
    for (; exponent > 0; --exponent) {
        if (digits >= std::uint64_t{1} << 54)
            return false;
        digits *= 5;
    }
    return digits >> 53 == 1;
}

/// d[.ddd]e±xx taken apart: the digits as a number, and the exponent of the last.
struct Scientific
{
    std::string digits;
    int exponent; ///< of the first digit

    explicit Scientific(std::string_view text)
    {
        if (text.front() == '-')
            text.remove_prefix(1);
        const std::size_t e = text.find('e');
        const std::size_t exponentStart = e + 1 + (text[e + 1] == '+' ? 1 : 0);
        exponent = 0;
        std::from_chars(text.data() + exponentStart, text.data() + text.size(), exponent);
        digits.assign(1, text.front());
        if (e > 2)
            digits.append(text.substr(2, e - 2));
    }
    bool isMidpoint() const
    {
        std::uint64_t number = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        return atlas::ingest::isMidpoint(number, exponent - static_cast<int>(digits.size()) + 1);
    }
};

struct Civil
{
    int year;
    unsigned month;
    unsigned day;
};

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
std::int64_t daysFromCivil(int year, unsigned month, unsigned day)
{
    year -= month <= 2;
    const int era = (year >= 0 ? year : year - 399) / 400;
    const auto yearOfEra = static_cast<unsigned>(year - era * 400);
    const unsigned dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const unsigned dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    return static_cast<std::int64_t>(era) * 146'097 + static_cast<std::int64_t>(dayOfEra) - 719'468;
}

Civil civilFromDays(std::int64_t days)
{
    days += 719'468;
    const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
    const auto dayOfEra = static_cast<unsigned>(days - era * 146'097);
    const unsigned yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36'524 - dayOfEra / 146'096) / 365;
    const unsigned dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    const unsigned shifted = (5 * dayOfYear + 2) / 153;
    const unsigned day = dayOfYear - (153 * shifted + 2) / 5 + 1;
    const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
    return {static_cast<int>(yearOfEra) + static_cast<int>(era) * 400 + (month <= 2), month, day};
}

unsigned daysInMonth(int year, unsigned month)
{
    constexpr unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : lengths[month - 1];
}

constexpr std::int64_t microsecondsPerSecond = 1'000'000;
constexpr std::int64_t microsecondsPerDay = 86'400 * microsecondsPerSecond;
constexpr std::int64_t exactMicroseconds = std::int64_t{1} << 53;

void putText(std::string_view text, ValueColumns& out)
{
    out.hasText = true;
    if (text.size() <= maxSearchCharacters) {
        out.text.assign(text);
        return;
    }
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && ++characters > maxSearchCharacters) {
            out.text.assign(text.substr(0, i));
            out.longText.assign(text);
            out.hasLong = true;
            return;
        }
    }
    out.text.assign(text);
}

} // namespace

void ValueColumns::reset(ValueType newType)
{
    type = newType;
    hasNum = hasText = hasExact = hasLong = false;
}

const char* encodeNumber(std::string_view token, ValueColumns& out)
{
    out.reset(ValueType::Number);
    const NumberParts parts = takeApart(token);
    if (!parts.ok)
        return "not a JSON number";
    if (parts.significant > maxNumberDigits)
        return "number has more than 1,000 significant digits";
    if (parts.scale > maxNumberScale || (!parts.zero && parts.leading > maxNumberExponent))
        return "number's exponent is out of range (1e-16383 to 1e131071)";

    out.hasNum = true;
    if (parts.plain) {
        out.num.assign(token);
        return nullptr;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (error == std::errc::result_out_of_range) {
        // Beyond float8: the search key is the nearest it has, the number itself is exact.
        if (parts.zero || parts.leading < 0)
            out.num = "0";
        else
            out.num = token.front() == '-' ? "-Infinity" : "Infinity";
    } else {
        out.num = float8Text(value);
    }
    if (out.num != token) {
        out.exact.assign(token);
        // numeric_in refuses an exponent this large even for zero.
        if (parts.zero && parts.leading > maxNumberExponent)
            out.exact = "0";
        out.hasExact = true;
    }
    return nullptr;
}

const char* encodeString(std::string_view text, ValueColumns& out)
{
    out.reset(ValueType::String);
    if (text.find('\0') != std::string_view::npos)
        return "text with the character NUL (U+0000) cannot be stored";
    putText(text, out);
    return nullptr;
}

void encodeBoolean(bool value, ValueColumns& out)
{
    out.reset(ValueType::Boolean);
    out.hasNum = true;
    out.num.assign(1, value ? '1' : '0');
}

const char* encodeTimestamp(std::string_view text, ValueColumns& out)
{
    const std::optional<std::int64_t> microseconds = parseTimestamp(text);
    if (!microseconds)
        return "not a date and time with zone (RFC 3339)";
    encodeTimestamp(*microseconds, out);
    if (*microseconds > exactMicroseconds || *microseconds < -exactMicroseconds ||
        canonicalTimestamp(*microseconds) != text) {
        out.longText.assign(text);
        out.hasLong = true;
    }
    return nullptr;
}

void encodeTimestamp(std::int64_t microseconds, ValueColumns& out)
{
    out.reset(ValueType::Timestamp);
    out.hasNum = true;
    char buffer[24];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, microseconds);
    out.num.assign(buffer, end);
}

const char* encodeJson(std::string_view compact, ValueColumns& out)
{
    out.reset(ValueType::Json);
    putText(compact, out);
    return nullptr;
}

void encodeCleared(ValueType type, ValueColumns& out)
{
    out.reset(type);
}

DecodedValue decodeValue(ValueType type, std::optional<QByteArrayView> num,
                         std::optional<QByteArrayView> text, std::optional<QByteArrayView> exact,
                         std::optional<QByteArrayView> longText)
{
    DecodedValue value;
    value.type = type;
    if (!num && !text) {
        value.cleared = true;
    } else if (longText) {
        value.text = db::textOf(*longText);
    } else if (text) {
        value.text = db::textOf(*text);
    } else if (type == ValueType::Boolean) {
        value.text = *num == "0" ? QStringLiteral("false") : QStringLiteral("true");
    } else if (type == ValueType::Timestamp) {
        double microseconds = 0;
        std::from_chars(num->data(), num->data() + num->size(), microseconds);
        value.text = QString::fromStdString(canonicalTimestamp(static_cast<std::int64_t>(microseconds)));
    } else {
        value.text = db::textOf(exact ? *exact : *num);
    }
    return value;
}

QByteArray DecodedValue::json() const
{
    if (cleared)
        return QByteArrayLiteral("null");
    if (type == ValueType::String || type == ValueType::Timestamp) {
        const QByteArray utf8 = text.toUtf8();
        std::string quoted;
        appendJsonString(quoted, std::string_view(utf8.constData(), static_cast<std::size_t>(utf8.size())));
        return QByteArray::fromStdString(quoted);
    }
    return text.toUtf8();
}

std::string float8Text(double value)
{
    if (std::isnan(value))
        return "NaN";
    if (std::isinf(value))
        return value < 0 ? "-Infinity" : "Infinity";
    std::string result(std::signbit(value) ? "-" : "");
    if (value == 0)
        return result + '0';
    char buffer[40];
    const auto text = [&](const std::to_chars_result& written) {
        return std::string_view(buffer, static_cast<std::size_t>(written.ptr - buffer));
    };
    Scientific shortest(
        text(std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific)));
    // PostgreSQL takes no digits from the edge of the interval: readers round them in different ways.
    for (int precision = 0; shortest.isMidpoint() && precision <= 16; ++precision) {
        const std::string_view longer = text(
            std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, precision));
        double back = 0;
        std::from_chars(longer.data(), longer.data() + longer.size(), back);
        if (back == value)
            shortest = Scientific(longer);
    }

    // Put together as float8out does.
    const std::string& digits = shortest.digits;
    const int exponent = shortest.exponent;
    if (exponent < -4 || exponent >= 15) {
        result += digits.front();
        if (digits.size() > 1)
            result.append(1, '.').append(digits, 1);
        result += 'e';
        result += exponent < 0 ? '-' : '+';
        const int magnitude = std::abs(exponent);
        if (magnitude < 10)
            result += '0';
        result += std::to_string(magnitude);
    } else if (exponent < 0) {
        result.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
    } else {
        const auto integerDigits = static_cast<std::size_t>(exponent) + 1;
        if (digits.size() <= integerDigits)
            result.append(digits).append(integerDigits - digits.size(), '0');
        else
            result.append(digits, 0, integerDigits).append(1, '.').append(digits, integerDigits);
    }
    return result;
}

std::optional<std::int64_t> parseTimestamp(std::string_view text)
{
    // 2026-01-31T12:00:00[.fraction](Z|±hh:mm)
    const auto number = [&](std::size_t at, std::size_t length) -> int {
        int value = 0;
        for (std::size_t i = at; i < at + length; ++i) {
            if (text[i] < '0' || text[i] > '9')
                return -1;
            value = value * 10 + (text[i] - '0');
        }
        return value;
    };
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':')
        return std::nullopt;
    if (text[10] != 'T' && text[10] != 't' && text[10] != ' ')
        return std::nullopt;
    const int year = number(0, 4);
    const int month = number(5, 2);
    const int day = number(8, 2);
    const int hour = number(11, 2);
    const int minute = number(14, 2);
    const int second = number(17, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 60 ||
        static_cast<unsigned>(day) > daysInMonth(year, static_cast<unsigned>(month)))
        return std::nullopt;
    std::size_t at = 19;
    std::int64_t fraction = 0;
    if (text[at] == '.') {
        std::int64_t unit = 100'000;
        const std::size_t start = ++at;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
            fraction += (text[at] - '0') * unit;
            unit /= 10;
        }
        if (at == start)
            return std::nullopt;
    }
    if (at >= text.size())
        return std::nullopt;
    std::int64_t offsetMinutes = 0;
    if (text[at] == 'Z' || text[at] == 'z') {
        ++at;
    } else if ((text[at] == '+' || text[at] == '-') && text.size() - at == 6 && text[at + 3] == ':') {
        const int offsetHour = number(at + 1, 2);
        const int offsetMinute = number(at + 4, 2);
        if (offsetHour < 0 || offsetHour > 23 || offsetMinute < 0 || offsetMinute > 59)
            return std::nullopt;
        offsetMinutes = (text[at] == '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute);
        at += 6;
    } else {
        return std::nullopt;
    }
    if (at != text.size())
        return std::nullopt;
    const std::int64_t seconds =
        daysFromCivil(year, static_cast<unsigned>(month), static_cast<unsigned>(day)) * 86'400 + hour * 3600 +
        minute * 60 + second - offsetMinutes * 60;
    const std::int64_t result = seconds * microsecondsPerSecond + fraction;
    // The zone may carry it out of the years 1 to 9999.
    if (result < daysFromCivil(1, 1, 1) * microsecondsPerDay ||
        result >= daysFromCivil(10'000, 1, 1) * microsecondsPerDay)
        return std::nullopt;
    return result;
}

std::optional<std::int64_t> parseInstant(std::string_view text)
{
    // Rewritten in the one form that parseTimestamp() reads, which also finds what is wrong with it.
    const auto isDigit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
    std::string strict;
    std::size_t at = 0;
    const auto take = [&](std::size_t count) {
        strict.append(text.substr(std::min(at, text.size()), count));
        at += count;
    };
    const bool isBasic = isDigit(4);
    if (isBasic) {
        take(4);
        strict += '-';
        take(2);
        strict += '-';
        take(2);
    } else {
        take(10);
    }
    take(3); // T and the hour
    if (isBasic)
        strict += ':';
    else
        take(1);
    take(2);
    if (isBasic ? isDigit(at) : at < text.size() && text[at] == ':') {
        if (isBasic)
            strict += ':';
        else
            take(1);
        take(2);
        if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
            strict += '.';
            ++at;
            while (isDigit(at))
                take(1);
        }
    } else {
        strict += ":00";
    }
    const std::string_view zone = text.substr(std::min(at, text.size()));
    strict.append(zone);
    if (zone.size() == 3) // ±hh
        strict += ":00";
    else if (zone.size() == 5) // ±hhmm
        strict.insert(strict.size() - 2, 1, ':');
    return parseTimestamp(strict);
}

std::string canonicalTimestamp(std::int64_t microseconds)
{
    std::int64_t days = microseconds / microsecondsPerDay;
    std::int64_t rest = microseconds % microsecondsPerDay;
    if (rest < 0) {
        rest += microsecondsPerDay;
        --days;
    }
    const Civil date = civilFromDays(days);
    const std::int64_t seconds = rest / microsecondsPerSecond;
    std::int64_t fraction = rest % microsecondsPerSecond;
    char buffer[40];
    const auto two = [&](std::size_t at, std::int64_t value) {
        buffer[at] = static_cast<char>('0' + value / 10);
        buffer[at + 1] = static_cast<char>('0' + value % 10);
    };
    if (date.year < 1 || date.year > 9999) // cannot come from parseTimestamp
        return std::to_string(microseconds);
    two(0, date.year / 100);
    two(2, date.year % 100);
    buffer[4] = '-';
    two(5, date.month);
    buffer[7] = '-';
    two(8, date.day);
    buffer[10] = 'T';
    two(11, seconds / 3600);
    buffer[13] = ':';
    two(14, seconds / 60 % 60);
    buffer[16] = ':';
    two(17, seconds % 60);
    std::size_t length = 19;
    if (fraction != 0) {
        buffer[19] = '.';
        for (std::size_t i = 25; i > 19; --i) {
            buffer[i] = static_cast<char>('0' + fraction % 10);
            fraction /= 10;
        }
        length = 26;
    }
    buffer[length++] = 'Z';
    return std::string(buffer, length);
}

std::int64_t nowMicroseconds()
{
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void appendEscaped(std::string& out, std::string_view text)
{
    std::size_t from = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char replacement = 0;
        switch (text[i]) {
        case '\\':
            replacement = '\\';
            break;
        case '\n':
            replacement = 'n';
            break;
        case '\r':
            replacement = 'r';
            break;
        case '\t':
            replacement = 't';
            break;
        default:
            continue;
        }
        out.append(text, from, i - from).append(1, '\\').append(1, replacement);
        from = i + 1;
    }
    out.append(text, from, text.size() - from);
}

void appendColumns(std::string& out, const ValueColumns& value)
{
    const auto column = [&out](bool present, const std::string& text, bool escape) {
        if (!present)
            out.append("\\N");
        else if (escape)
            appendEscaped(out, text);
        else
            out.append(text);
    };
    column(value.hasNum, value.num, false);
    out += '\t';
    column(value.hasText, value.text, true);
    out += '\t';
    column(value.hasExact, value.exact, false);
    out += '\t';
    column(value.hasLong, value.longText, true);
}

bool isUtf8(std::string_view text)
{
    const auto* p = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = p + text.size();
    while (p < end) {
        if (*p < 0x80) {
            ++p;
            continue;
        }
        const auto follows = [&](int n, unsigned char low, unsigned char high) {
            if (end - p <= n || p[1] < low || p[1] > high)
                return false;
            for (int i = 2; i <= n; ++i) {
                if ((p[i] & 0xC0) != 0x80)
                    return false;
            }
            p += n + 1;
            return true;
        };
        const unsigned char c = *p;
        bool ok = false;
        if (c >= 0xC2 && c <= 0xDF)
            ok = follows(1, 0x80, 0xBF);
        else if (c == 0xE0)
            ok = follows(2, 0xA0, 0xBF);
        else if (c == 0xED)
            ok = follows(2, 0x80, 0x9F); // no surrogates
        else if (c >= 0xE1 && c <= 0xEF)
            ok = follows(2, 0x80, 0xBF);
        else if (c == 0xF0)
            ok = follows(3, 0x90, 0xBF);
        else if (c >= 0xF1 && c <= 0xF3)
            ok = follows(3, 0x80, 0xBF);
        else if (c == 0xF4)
            ok = follows(3, 0x80, 0x8F);
        if (!ok)
            return false;
    }
    return true;
}

std::size_t countCharacters(std::string_view utf8)
{
    std::size_t count = 0;
    for (const char c : utf8)
        count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return count;
}

} // namespace atlas::ingest
