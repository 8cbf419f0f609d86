// SPDX-License-Identifier: GPL-3.0-or-later
// Times and durations as the filter language writes them. Declared in validate.h.
#include <QDate>
#include <QDateTime>

#include <cmath>

#include "model/filter/validate.h"

namespace atlas::filter {

namespace {

constexpr qint64 second = 1'000'000;
constexpr qint64 minute = 60 * second;
constexpr qint64 hour = 60 * minute;
constexpr qint64 day = 24 * hour;

class Reader
{
public:
    explicit Reader(QStringView text)
        : m_text(text)
    {
    }
    bool atEnd() const { return m_at == m_text.size(); }
    QChar peek() const { return atEnd() ? QChar() : m_text.at(m_at); }
    bool take(QChar c)
    {
        if (peek() != c || atEnd())
            return false;
        ++m_at;
        return true;
    }
    /// Exactly that many digits, or -1.
    int number(int digits)
    {
        int value = 0;
        for (int i = 0; i < digits; ++i) {
            const QChar c = peek();
            if (c < u'0' || c > u'9')
                return -1;
            value = value * 10 + (c.unicode() - u'0');
            ++m_at;
        }
        return value;
    }

private:
    QStringView m_text;
    qsizetype m_at = 0;
};

bool readTime(Reader& in, qint64& microseconds)
{
    const int hours = in.number(2);
    if (hours < 0 || hours > 23 || !in.take(u':'))
        return false;
    const int minutes = in.number(2);
    if (minutes < 0 || minutes > 59)
        return false;
    int seconds = 0;
    qint64 fraction = 0;
    if (in.take(u':')) {
        seconds = in.number(2);
        if (seconds < 0 || seconds > 59)
            return false;
        if (in.take(u'.') || in.take(u',')) {
            qint64 unit = second / 10;
            int digits = 0;
            for (int digit = in.number(1); digit >= 0; digit = in.number(1)) {
                fraction += digit * unit;
                unit /= 10;
                ++digits;
            }
            if (digits == 0)
                return false;
        }
    }
    microseconds = hours * hour + minutes * minute + seconds * second + fraction;
    return true;
}

bool readOffset(Reader& in, qint64& offset)
{
    offset = 0;
    if (in.atEnd() || in.take(u'Z') || in.take(u'z'))
        return true;
    const bool west = in.peek() == u'-';
    if (!in.take(u'+') && !in.take(u'-'))
        return false;
    const int hours = in.number(2);
    if (hours < 0 || hours > 23)
        return false;
    int minutes = 0;
    const bool colon = in.take(u':');
    if (colon || !in.atEnd()) {
        minutes = in.number(2);
        if (minutes < 0 || minutes > 59)
            return false;
    }
    offset = (hours * hour + minutes * minute) * (west ? -1 : 1);
    return true;
}

} // namespace

std::optional<qint64> parseTimestamp(QStringView text)
{
    Reader in(text);
    const int year = in.number(4);
    if (year < 1 || !in.take(u'-'))
        return std::nullopt;
    const int month = in.number(2);
    if (month < 1 || !in.take(u'-'))
        return std::nullopt;
    const int dayOfMonth = in.number(2);
    const QDate date(year, month, dayOfMonth);
    if (!date.isValid())
        return std::nullopt;
    qint64 time = 0;
    qint64 offset = 0;
    if (!in.atEnd()) {
        if (!in.take(u'T') && !in.take(u't') && !in.take(u' '))
            return std::nullopt;
        if (!readTime(in, time) || !readOffset(in, offset) || !in.atEnd())
            return std::nullopt;
    }
    static const qint64 epoch = QDate(1970, 1, 1).toJulianDay();
    return (date.toJulianDay() - epoch) * day + time - offset;
}

QString formatTimestamp(qint64 microseconds)
{
    qint64 days = microseconds / day;
    qint64 rest = microseconds % day;
    if (rest < 0) {
        rest += day;
        --days;
    }
    const QDate date = QDate::fromJulianDay(QDate(1970, 1, 1).toJulianDay() + days);
    const auto two = [](qint64 value) { return QString::number(value).rightJustified(2, u'0'); };
    QString text = QString::number(date.year()).rightJustified(4, u'0') + u'-' + two(date.month()) + u'-' +
                   two(date.day());
    text += u'T' + two(rest / hour) + u':' + two(rest % hour / minute) + u':' + two(rest % minute / second);
    if (const qint64 fraction = rest % second; fraction != 0)
        text += u'.' + QString::number(fraction).rightJustified(6, u'0');
    return text + u'Z';
}

std::optional<qint64> parseDuration(QStringView text)
{
    const QStringView trimmed = text.trimmed();
    qsizetype digits = 0;
    while (digits < trimmed.size() &&
           ((trimmed.at(digits) >= u'0' && trimmed.at(digits) <= u'9') || trimmed.at(digits) == u'.'))
        ++digits;
    const QStringView number = trimmed.first(digits);
    if (!isNumberText(number) || digits > 15)
        return std::nullopt;
    const QString unit = trimmed.sliced(digits).trimmed().toString().toLower();
    static const struct
    {
        const char* names;
        qint64 microseconds;
    } units[] = {
        {" s sec second seconds ", second}, {" min minute minutes ", minute},
        {" h hour hours ", hour},           {" d day days ", day},
        {" w week weeks ", 7 * day},
    };
    for (const auto& known : units) {
        if (unit.isEmpty() || !QLatin1String(known.names).contains(QString(u' ' + unit + u' ')))
            continue;
        const double microseconds = std::round(number.toDouble() * static_cast<double>(known.microseconds));
        // More than the years that a timestamp can have is a slip of the finger.
        if (microseconds <= 0 || microseconds > 10'000.0 * 366 * static_cast<double>(day))
            return std::nullopt;
        return static_cast<qint64>(microseconds);
    }
    return std::nullopt;
}

} // namespace atlas::filter
