// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "db/statement.h"

/// What is asked of an environment before anything else is known of it.
namespace atlas::discovery {

/// tenant_id, name, entities (as last measured, 0 when never), ordered by name; under row security: those
/// open to the login.
db::Statement tenantsStatement(std::chrono::milliseconds deadline);
/// application_name, client address of the physical standbys that stream from this primary. A logical
/// subscriber (the warehouse) streams through the same view and is left out.
db::Statement replicasStatement();

} // namespace atlas::discovery
