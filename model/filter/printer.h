// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include "model/filter/expression.h"

namespace atlas::filter {

/// Text form of the canonical expression: parse(print(e)).expression == e.canonical() whenever every clause
/// has the literals its operator takes and names and strings are valid Unicode without NUL. Nothing at all
/// prints as "".
QString print(const Expression& expression);
/// The same of what is enabled, with ? in the place of every value: filters that differ in nothing else have
/// one shape. Not to be parsed.
QString shape(const Expression& expression);
/// One node, as it would stand inside a group.
QString print(const Node& node);
QString print(const Subject& subject);
QString print(const Literal& literal);
/// Bare where it can be, else in backquotes.
QString quoteName(QStringView name);
/// In double quotes; controls and invisible format characters become escapes.
QString quoteString(QStringView string);

} // namespace atlas::filter
