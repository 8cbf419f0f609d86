// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>
#include <QStringList>

namespace atlas::bench {

class Context;

/// What figures were measured on and with: processor, memory, system, the primary's version and settings
/// (`context` null: no cluster), program, date, the run's arguments. Nothing that names a host, a person or a
/// folder; what is not known is left out.
QJsonObject describeMachine(Context* context, const QStringList& arguments);

} // namespace atlas::bench
