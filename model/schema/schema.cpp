// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/schema/schema.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QRegularExpression>

#include <algorithm>

#include "model/statements.h"

namespace atlas::schema {

namespace {

const RegisteredStatement existsSql{"schema.exists", "Is the schema there?",
                                    "select to_regclass('atlas.schema_migrations') is not null"};
const RegisteredStatement listSql{
    "schema.applied", "Applied migrations",
    "select version, name, checksum, extract(epoch from applied_at)::float8 from atlas.schema_migrations "
    "order by version"};
const RegisteredStatement recordSql{
    "schema.record", "Record a migration",
    "insert into atlas.schema_migrations (version, name, checksum) values ($1::int, $2::text, $3::text)"};
// Session level: it must hold across the files' own transactions.
const RegisteredStatement lockSql{"schema.lock", "One migration at a time",
                                  "select pg_advisory_lock(7281001)"};
const RegisteredStatement unlockSql{"schema.unlock", "One migration at a time",
                                    "select pg_advisory_unlock(7281001)"};

constexpr const char* bookkeeping = R"sql(
create schema if not exists atlas;
create table if not exists atlas.schema_migrations (
    version    integer primary key,
    name       text not null,
    checksum   text not null,
    applied_at timestamptz not null default clock_timestamp()
);
comment on table atlas.schema_migrations is 'Which files of the schema were applied. Kept by atlasctl schema.';
comment on column atlas.schema_migrations.version is 'Number of the file.';
comment on column atlas.schema_migrations.name is 'Name of the file.';
comment on column atlas.schema_migrations.checksum is 'SHA-256 of the file as it was applied.';
comment on column atlas.schema_migrations.applied_at is 'When.';
)sql";

} // namespace

QList<Migration> migrations(Target target)
{
    const QString folder = target == Target::Postgres ? QStringLiteral(":/schema/postgres")
                                                      : QStringLiteral(":/schema/redshift/local");
    static const QRegularExpression pattern(QStringLiteral("^(\\d{4})_(\\w+)\\.sql$"));
    QList<Migration> found;
    const QStringList names = QDir(folder).entryList({QStringLiteral("*.sql")}, QDir::Files, QDir::Name);
    for (const QString& name : names) {
        const auto match = pattern.match(name);
        QFile file(folder + QLatin1Char('/') + name);
        if (!match.hasMatch() || !file.open(QIODevice::ReadOnly))
            continue;
        Migration migration;
        migration.version = match.captured(1).toInt();
        migration.name = match.captured(2);
        migration.sql = file.readAll();
        migration.checksum =
            QString::fromLatin1(QCryptographicHash::hash(migration.sql, QCryptographicHash::Sha256).toHex());
        found.append(migration);
    }
    return found;
}

db::Result<QList<Applied>> applied(db::BlockingSession& session)
{
    const auto exists = session.exec(existsSql());
    if (!exists)
        return exists.error();
    QList<Applied> list;
    if (!exists->boolean(0, 0))
        return list;
    const auto rows = session.exec(listSql());
    if (!rows)
        return rows.error();
    for (int row = 0; row < rows->rowCount(); ++row) {
        list.append(
            {static_cast<int>(rows->integer(row, 0).value_or(0)), rows->string(row, 1), rows->string(row, 2),
             QDateTime::fromMSecsSinceEpoch(qRound64(rows->real(row, 3).value_or(0) * 1000), Qt::UTC)});
    }
    return list;
}

QString conflict(const QList<Migration>& known, const QList<Applied>& applied)
{
    for (const Applied& one : applied) {
        const auto found = std::find_if(known.cbegin(), known.cend(), [&one](const Migration& migration) {
            return migration.version == one.version;
        });
        if (found == known.cend())
            return QStringLiteral(
                       "The database has schema version %1 (%2), this program knows versions up to %3. "
                       "Use a newer atlasctl.")
                .arg(one.version)
                .arg(one.name)
                .arg(known.isEmpty() ? 0 : known.last().version);
        if (found->checksum != one.checksum)
            return QStringLiteral(
                       "Migration %1 (%2) was applied with other contents than this program has. A migration "
                       "that "
                       "was applied is never changed: use the program it was applied with, or add a new one.")
                .arg(one.version)
                .arg(one.name);
    }
    for (int i = 0; i < applied.size(); ++i) {
        if (known.at(i).version != applied.at(i).version)
            return QStringLiteral("Migration %1 is missing in the database although later ones were applied.")
                .arg(known.at(i).version);
    }
    return {};
}

db::Result<Outcome> apply(db::BlockingSession& session, const QList<Migration>& known,
                          const std::function<void(const Migration&)>& progress)
{
    if (auto locked = session.exec(lockSql({}, std::chrono::minutes(5))); !locked)
        return locked.error();
    const auto unlocked = [&session](db::Result<Outcome> outcome) {
        if (session.exec(unlockSql()).ok() || !outcome.ok())
            return outcome;
        return outcome;
    };

    auto before = applied(session);
    if (!before)
        return unlocked(before.error());
    if (const QString problem = conflict(known, *before); !problem.isEmpty())
        return unlocked(db::DbError{.kind = db::ErrorKind::BadArgument, .message = problem});

    Outcome outcome;
    outcome.version = before->isEmpty() ? 0 : before->last().version;
    for (const Migration& migration : known) {
        if (migration.version <= outcome.version)
            continue;
        progress(migration);
        const auto rollback = [&session](const db::DbError& error) {
            // Best effort: the connection may be gone, and then so is the transaction.
            const auto done = session.execScript("rollback", QStringLiteral("schema.rollback"));
            Q_UNUSED(done)
            return error;
        };
        const QString name =
            QStringLiteral("schema.apply.%1").arg(migration.version, 4, 10, QLatin1Char('0'));
        if (auto begun =
                session.execScript(QByteArray("begin;") + (outcome.version == 0 ? bookkeeping : ""), name);
            !begun)
            return unlocked(rollback(begun.error()));
        if (auto ran = session.execScript(migration.sql, name); !ran) {
            db::DbError error = ran.error();
            error.message = QStringLiteral("migration %1 (%2): ").arg(migration.version).arg(migration.name) +
                            error.message;
            return unlocked(rollback(error));
        }
        if (auto recorded = session.exec(recordSql(
                {db::param(migration.version), db::param(migration.name), db::param(migration.checksum)}));
            !recorded)
            return unlocked(rollback(recorded.error()));
        if (auto committed = session.execScript("commit", name); !committed)
            return unlocked(rollback(committed.error()));
        outcome.version = migration.version;
        ++outcome.appliedNow;
    }
    return unlocked(outcome);
}

} // namespace atlas::schema
