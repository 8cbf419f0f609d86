// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QDateTime>
#include <QList>
#include <QString>

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
/// Empty when the database has no schema of ours yet.
db::Result<QList<Applied>> applied(db::BlockingSession& session);

/// What keeps the schema from being applied, in words for people; empty when nothing does:
/// a newer database, an altered file, a gap.
QString conflict(const QList<Migration>& known, const QList<Applied>& applied);

struct Outcome
{
    int appliedNow = 0;
    int version = 0;
};
/// Applies what is missing, each file in a transaction of its own with its row in schema_migrations, under an
/// advisory lock: two at once do not collide, an interrupted run goes on at the next file. `progress` is
/// called before each.
db::Result<Outcome> apply(db::BlockingSession& session, const QList<Migration>& known,
                          const std::function<void(const Migration&)>& progress);

} // namespace atlas::schema
