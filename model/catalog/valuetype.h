// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <optional>

namespace atlas {

/// Type of an attribute, fixed by its first value. The numbers are attributes.value_type in the schema.
enum class ValueType { String = 1, Number = 2, Boolean = 3, Timestamp = 4, Json = 5 };

/// "string", "number", "boolean", "timestamp", "json".
QString name(ValueType type);
std::optional<ValueType> valueTypeFromName(QStringView name);
std::optional<ValueType> valueTypeFromNumber(int number);

} // namespace atlas
