// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QString>

#include <compare>
#include <optional>

namespace atlas::filter {

/// A decimal number exactly as written: sign, digits without leading or trailing zeros, power of ten. No
/// arithmetic, only what comparing and binding takes.
class Decimal
{
public:
    Decimal() = default; ///< zero
    /// What isNumberText accepts, with an exponent of at most nine digits; else nullopt.
    static std::optional<Decimal> parse(QStringView text);
    static Decimal fromInteger(qint64 value);

    bool isZero() const { return m_digits.isEmpty(); }
    bool isNegative() const { return m_negative; }
    int significantDigits() const { return static_cast<int>(m_digits.size()); }
    /// Digits before the point (0 for 0.05) and after it.
    qint64 integerDigits() const;
    qint64 scale() const;

    std::strong_ordering operator<=>(const Decimal& other) const;
    bool operator==(const Decimal& other) const = default;

    /// The nearest double, ties to even; ±infinity beyond its range and 0 below it, as
    /// attribute_values.value_num has it.
    double nearestDouble() const;
    /// Also a JSON number and PostgreSQL numeric input: "805e-1".
    QByteArray text() const;

    /// What PostgreSQL's float8 output says of a finite double, as a number.
    static Decimal fromFloat8Text(double value);

private:
    Decimal(bool negative, QByteArray digits, qint64 exponent);
    bool m_negative = false;
    QByteArray m_digits;   ///< empty for zero
    qint64 m_exponent = 0; ///< value = 0.digits × 10^exponent
};

} // namespace atlas::filter
