// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

#include "db/resultset.h"
#include "db/statement.h"

/// What is asked of an environment before anything else is known of it.
namespace atlas::discovery {

/// tenant_id, name, entities (as last measured, 0 when never), ordered by name; under row security: those
/// open to the login.
db::Statement tenantsStatement(std::chrono::milliseconds deadline);
/// application_name, client address of the physical standbys that stream from this primary. A logical
/// subscriber (the warehouse) streams through the same view and is left out.
db::Statement replicasStatement();

/// What a login may do with the platform's schema on a PostgreSQL node.
struct Access
{
    bool hasSchema = false; ///< its tables are there at all
    bool mayRead = false;
    bool hasGroups = false; ///< the server has atlas_analyst, atlas_operator, atlas_admin
    QStringList groups;     ///< of these, the ones whose rights this login has
};
/// Looks only at the system's own tables: answers whatever is missing.
db::Statement accessStatement();
/// Of the answer to accessStatement().
Access accessOf(const db::ResultSet& rows);
/// On a warehouse (Redshift has neither these roles nor a way to ask for them): reads what the console needs
/// there; the error says what is missing.
db::Statement warehouseAccessStatement();

} // namespace atlas::discovery
