// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/catalog/valuetype.h"

namespace atlas {

QString name(ValueType type)
{
    switch (type) {
    case ValueType::String:
        return QStringLiteral("string");
    case ValueType::Number:
        return QStringLiteral("number");
    case ValueType::Boolean:
        return QStringLiteral("boolean");
    case ValueType::Timestamp:
        return QStringLiteral("timestamp");
    case ValueType::Json:
        return QStringLiteral("json");
    }
    return {};
}

std::optional<ValueType> valueTypeFromName(QStringView text)
{
    for (int number = 1; number <= 5; ++number) {
        const auto type = static_cast<ValueType>(number);
        if (name(type) == text)
            return type;
    }
    return std::nullopt;
}

std::optional<ValueType> valueTypeFromNumber(int number)
{
    if (number < 1 || number > 5)
        return std::nullopt;
    return static_cast<ValueType>(number);
}

} // namespace atlas
