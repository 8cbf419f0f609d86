// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonValue>
#include <QString>

#include <optional>

#include "model/filter/catalog.h"
#include "model/filter/expression.h"

/// How statistics hold values; shared by estimates and their bounds.
namespace atlas::filter {

inline constexpr int searchKeyLength = 256;

/// QString's own order is that of UTF-16.
bool lessByCodePoint(const QString& a, const QString& b);
/// The first 256 characters, as attribute_stats keeps them.
QString searchKey(const QString& text);
/// As attribute_stats keeps a text, or the text of a JSON value.
QString textOf(const Literal& literal, ValueType type);
/// As attribute_stats keeps numbers, booleans and timestamps. 0 for what cannot be read.
double numberOf(const Literal& literal, ValueType type);
/// The literals of an "in" without those that mean the same value as an earlier one.
QList<Literal> differentValues(const Clause& clause, ValueType type);
/// A number of the statistics. JSON has no infinite ones: what is beyond float8 stands there as a text.
std::optional<double> numberIn(const QJsonValue& value);

} // namespace atlas::filter
