// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/decimal.h"

#include <charconv>
#include <cstdlib>
#include <limits>

#include "model/filter/expression.h"
#include "model/ingest/value.h"

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
    return parse(QString::fromStdString(ingest::float8Text(value))).value_or(Decimal());
}

} // namespace atlas::filter
