// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include "model/filter/catalog.h"
#include "model/filter/expression.h"

/// How statistics hold values; shared by estimates and their bounds.
namespace atlas::filter {

inline constexpr int searchKeyLength = 256;

/// QString's own order is that of UTF-16.
bool lessByCodePoint(const QString& a, const QString& b);
/// The first 256 characters, as attribute_stats keeps them.
QString searchKey(const QString& text);
/// As attribute_stats keeps numbers, booleans and timestamps. 0 for what cannot be read.
double numberOf(const Literal& literal, ValueType type);

} // namespace atlas::filter
