// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QDateTime>
#include <QList>
#include <QString>
#include <QStringList>

#include <functional>

#include "db/blocking.h"

namespace atlas::schema {

/// One numbered file of schema/…, compiled into the program.
struct Migration
{
    int version = 0; ///< 1 for 0001_tables.sql
    QString name;    ///< "tables"
    QByteArray sql;
    QString checksum; ///< SHA-256 of the file, hexadecimal
};

/// What schema_migrations of a database says of one.
struct Applied
{
    int version = 0;
    QString name;
    QString checksum;
    QDateTime appliedAt;
};

enum class Target { Postgres = 1, LocalWarehouse };

/// In order of their numbers.
QList<Migration> migrations(Target target);

/// What a database holds. All empty when it has no schema of ours yet.
struct State
{
    QList<Applied> applied;
    /// A line for each table, column, constraint, index, policy, trigger, function and grant of schema atlas,
    /// in order: "index entities_name: CREATE INDEX …". Without partitions and what hangs on them.
    QStringList found;
    /// The same as the last apply left it; empty when no apply has recorded it under this major version of
    /// the server.
    QStringList recorded;
};
/// Reads as atlas_owner: the login is that role or a member of it.
db::Result<State> inspect(db::BlockingSession& session);

/// What keeps the schema from being applied, in words for people; empty when nothing does:
/// a newer database, an altered file, a gap.
QString conflict(const QList<Migration>& known, const QList<Applied>& applied);
/// What somebody altered by hand, in words for people; empty when nothing was, or when nothing was recorded.
QString alteration(const State& state);

struct Outcome
{
    int appliedNow = 0;
    int version = 0;
};
/// Applies what is missing as atlas_owner, each file in a transaction of its own with its row in
/// schema_migrations and the catalogue it leaves, under an advisory lock: two at once do not collide, an
/// interrupted run goes on at the next file. Refuses where conflict() or alteration() say so. `progress` is
/// called before each.
db::Result<Outcome> apply(db::BlockingSession& session, const QList<Migration>& known,
                          const std::function<void(const Migration&)>& progress);

} // namespace atlas::schema
