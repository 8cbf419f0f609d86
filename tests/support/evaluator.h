// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QMap>
#include <QString>

#include <compare>

#include "model/catalog/valuetype.h"
#include "model/filter/expression.h"

namespace atlas::test {

/// A value as it was sent: the digits of a number, the text of a timestamp, compact JSON.
struct TestValue
{
    ValueType type = ValueType::String;
    QString text;
};

struct TestEntity
{
    QString externalId;
    QString type;
    QString name;
    QMap<QString, TestValue> values;
};

/// What a filter means, written a second time and as plainly as possible: the yardstick for the compiler.
/// Shares no code with it. Numbers compare as decimals of any length, text by code point, timestamps as the
/// nearest double of their microseconds (which is exact for the years 1684 to 2255).
bool matches(const filter::Expression& expression, const TestEntity& entity, const QDateTime& now);

/// Whether a comes before b in an order by that subject: those without a value last, strings and JSON of
/// attributes by their first 256 characters. Equal ones are in the order they were given (backwards when
/// descending), which the caller sees to.
std::strong_ordering sortOrder(const TestEntity& a, const TestEntity& b, const filter::Subject& subject,
                               bool descending);

/// -1, 0 or 1.
int compareNumbers(const QString& a, const QString& b);
int compareText(const QString& a, const QString& b);

} // namespace atlas::test
