// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/decimal.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "model/filter/expression.h"

namespace atlas::filter {

namespace {

/// A double from "digits × 10^power", correctly rounded whatever its length.
double readDouble(bool negative, const QByteArray& digits, qint64 power)
{
    if (digits.isEmpty())
        return 0;
    const QByteArray text = digits + 'e' + QByteArray::number(power);
    double value = 0;
    const auto [end, error] = std::from_chars(text.constData(), text.constData() + text.size(), value);
    Q_UNUSED(end)
    if (error == std::errc::result_out_of_range)
        value = power + digits.size() > 0 ? std::numeric_limits<double>::infinity() : 0.0;
    return negative ? -value : value;
}

/// True when digits × 10^power lies strictly inside what reads back as `value` (positive): a nudge to either
/// side, smaller than the distance of any short decimal to an interval end, changes nothing.
bool strictlyInside(const QByteArray& digits, qint64 power, double value)
{
    constexpr int nudge = 1200;
    const QByteArray above = digits + QByteArray(nudge, '0') + '1';
    QByteArray below = digits;
    qsizetype at = below.size() - 1;
    while (at >= 0 && below.at(at) == '0')
        below[at--] = '9';
    if (at >= 0)
        below[at] = static_cast<char>(below.at(at) - 1);
    below += QByteArray(nudge + 1, '9');
    return readDouble(false, above, power - nudge - 1) == value &&
           readDouble(false, below, power - nudge - 1) == value;
}

QByteArray increment(QByteArray digits)
{
    qsizetype at = digits.size() - 1;
    while (at >= 0 && digits.at(at) == '9')
        digits[at--] = '0';
    if (at < 0)
        return '1' + digits;
    digits[at] = static_cast<char>(digits.at(at) + 1);
    return digits;
}

struct Scientific
{
    QByteArray digits; ///< of 0.digits × 10^exponent
    qint64 exponent = 0;
};

Scientific split(const char* begin, const char* end)
{
    Scientific number;
    const char* at = begin;
    for (; at != end && *at != 'e'; ++at) {
        if (*at != '.')
            number.digits += *at;
    }
    int exponent = 0;
    if (at != end) {
        ++at;
        if (at != end && *at == '+')
            ++at;
        std::from_chars(at, end, exponent);
    }
    number.exponent = exponent + 1;
    return number;
}

} // namespace

Decimal::Decimal(bool negative, QByteArray digits, qint64 exponent)
{
    qsizetype leading = 0;
    while (leading < digits.size() && digits.at(leading) == '0')
        ++leading;
    qsizetype last = digits.size();
    while (last > leading && digits.at(last - 1) == '0')
        --last;
    m_digits = digits.mid(leading, last - leading);
    if (!m_digits.isEmpty()) {
        m_negative = negative;
        m_exponent = exponent - leading;
    }
}

std::optional<Decimal> Decimal::parse(QStringView text)
{
    if (!isNumberText(text))
        return std::nullopt;
    const bool negative = text.startsWith(u'-');
    QByteArray digits;
    digits.reserve(text.size());
    qint64 pointAt = -1;
    qint64 exponent = 0;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const QChar c = text.at(i);
        if (c == u'.') {
            pointAt = digits.size();
        } else if (c == u'e' || c == u'E') {
            bool ok = false;
            const int power = text.sliced(i + 1).toInt(&ok);
            if (!ok || std::abs(power) > 999'999'999)
                return std::nullopt;
            exponent = power;
            break;
        } else if (c.isDigit()) {
            digits += static_cast<char>(c.unicode());
        }
    }
    if (pointAt < 0)
        pointAt = digits.size();
    return Decimal(negative, digits, pointAt + exponent);
}

Decimal Decimal::fromInteger(qint64 value)
{
    return *parse(QString::number(value));
}

qint64 Decimal::integerDigits() const
{
    return qMax(qint64(0), m_exponent);
}

qint64 Decimal::scale() const
{
    return qMax(qint64(0), m_digits.size() - m_exponent);
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const
{
    if (m_negative != other.m_negative)
        return m_negative ? std::strong_ordering::less : std::strong_ordering::greater;
    auto magnitude = std::strong_ordering::equal;
    if (isZero() || other.isZero()) {
        magnitude = other.isZero() <=> isZero();
    } else if (m_exponent != other.m_exponent) {
        magnitude = m_exponent <=> other.m_exponent;
    } else {
        // Digits of 0.digits compare as text; the shorter is the smaller when it is a prefix.
        magnitude = m_digits.compare(other.m_digits) <=> 0;
    }
    return m_negative ? 0 <=> magnitude : magnitude;
}

double Decimal::nearestDouble() const
{
    return readDouble(m_negative, m_digits, m_exponent - m_digits.size());
}

QByteArray Decimal::text() const
{
    if (isZero())
        return QByteArrayLiteral("0");
    QByteArray text = m_negative ? QByteArrayLiteral("-") : QByteArray();
    text += m_digits;
    if (const qint64 power = m_exponent - m_digits.size(); power != 0)
        text += 'e' + QByteArray::number(power);
    return text;
}

Decimal Decimal::fromFloat8Text(double value)
{
    if (value == 0 || !std::isfinite(value))
        return {};
    const bool negative = std::signbit(value);
    const double positive = std::fabs(value);
    std::array<char, 1200> buffer;

    const auto shortest =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), positive, std::chars_format::scientific);
    const Scientific common = split(buffer.data(), shortest.ptr);
    if (strictlyInside(common.digits, common.exponent - common.digits.size(), positive))
        return Decimal(negative, common.digits, common.exponent);

    // The shortest one is an end of the interval: look for the shortest inside it. Every double has at most
    // 767 digits.
    const auto whole = std::to_chars(buffer.data(), buffer.data() + buffer.size(), positive,
                                     std::chars_format::scientific, 800);
    const Scientific exact = split(buffer.data(), whole.ptr);
    for (qsizetype length = 1; length <= 17; ++length) {
        const QByteArray down = exact.digits.first(length);
        const QByteArray up = increment(down);
        const qint64 power = exact.exponent - length;
        const bool downInside = down.count('0') != length && strictlyInside(down, power, positive);
        const bool upInside = strictlyInside(up, power, positive);
        if (downInside && upInside) {
            const bool nearerUp = exact.digits.at(length) >= '5';
            return nearerUp ? Decimal(negative, up, exact.exponent + (up.size() - length))
                            : Decimal(negative, down, exact.exponent);
        }
        if (downInside)
            return Decimal(negative, down, exact.exponent);
        if (upInside)
            return Decimal(negative, up, exact.exponent + (up.size() - length));
    }
    return Decimal(negative, exact.digits, exact.exponent);
}

} // namespace atlas::filter
