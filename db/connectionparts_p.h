// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>

#include "db/error.h"

/// What the files that implement Connection share.
namespace atlas::db {

/// After this much work the event loop gets its turn: other connections, timers, cancellations.
constexpr std::chrono::milliseconds WorkBudget{5};

inline DbError plainError(ErrorKind kind, const QString& message)
{
    DbError error;
    error.kind = kind;
    error.message = message;
    return error;
}

/// "350 ms", "12 s"
QString durationText(std::chrono::milliseconds time);

} // namespace atlas::db
