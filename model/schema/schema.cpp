// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/schema/schema.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QMap>
#include <QRegularExpression>

#include <algorithm>

#include "model/statements.h"

namespace atlas::schema {

namespace {

const RegisteredStatement existsSql{"schema.exists", "Is the schema there?",
                                    "select to_regclass('atlas.schema_migrations') is not null, "
                                    "to_regclass('atlas.schema_catalogue') is not null"};
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

// Deparsed with nothing but pg_catalog in the path, so that names come out the same for everybody. Partitions
// are left out, with all that hangs on them: creating tenants and maintenance make them. Grants on them are
// not: there must be none.
const RegisteredStatement catalogueSql{"schema.catalogue", "What is in the schema", R"sql(
with tables as (
    select c.oid, c.relname, c.relkind, c.relpersistence, c.relrowsecurity from pg_class c
     where c.relnamespace = to_regnamespace('atlas') and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
), granted (object, owner, acl) as (
    select format('schema %s', n.nspname), n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
      from pg_namespace n where n.nspname = 'atlas'
    union all
    select format('%s %s', case c.relkind when 'S' then 'sequence' else 'table' end, c.relname), c.relowner, c.relacl
      from pg_class c where c.relnamespace = to_regnamespace('atlas')
    union all
    select format('column %s.%s', c.relname, a.attname), c.relowner, a.attacl
      from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relnamespace = to_regnamespace('atlas')
    union all
    select format('function %s', p.oid::regprocedure), p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
      from pg_proc p where p.pronamespace = to_regnamespace('atlas')
), lines (line) as (
    select format('table %s: kind %s, persistence %s, row security %s', t.relname, t.relkind, t.relpersistence,
                  case when t.relrowsecurity then 'on' else 'off' end) from tables t
    union all
    select format('column %s.%s: %s', t.relname, a.attname,
                  concat_ws(' ', format_type(a.atttypid, a.atttypmod),
                            (select format('collate %I', c.collname) from pg_collation c where c.oid = a.attcollation and c.collname <> 'default'),
                            case when a.attnotnull then 'not null' end, 'identity ' || nullif(a.attidentity::text, ''),
                            'default ' || pg_get_expr(d.adbin, d.adrelid)))
      from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    union all
    select format('constraint %s.%s: %s', t.relname, c.conname, pg_get_constraintdef(c.oid))
      from tables t join pg_constraint c on c.conrelid = t.oid
    union all
    select format('index %s: %s%s', c.relname, pg_get_indexdef(i.indexrelid), case when not i.indisvalid then ' invalid' end)
      from tables t join pg_index i on i.indrelid = t.oid join pg_class c on c.oid = i.indexrelid
    union all
    select format('policy %s.%s: %s', t.relname, p.polname,
                  concat_ws(' ', case when not p.polpermissive then 'restrictive' end, 'for', p.polcmd, 'to',
                            (select string_agg(case r when 0 then 'public' else r::regrole::text end, ', ' order by r::regrole::text)
                               from unnest(p.polroles) r),
                            'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid)))
      from tables t join pg_policy p on p.polrelid = t.oid
    union all
    select format('trigger %s.%s: %s, enabled %s', t.relname, g.tgname, pg_get_triggerdef(g.oid), g.tgenabled)
      from tables t join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
    union all
    select format('function %s: %s', p.oid::regprocedure,
                  concat_ws(' ', 'returns', pg_get_function_result(p.oid), 'volatility', p.provolatile, 'parallel', p.proparallel,
                            case when p.prosecdef then 'security definer' end, case when p.proleakproof then 'leakproof' end,
                            array_to_string(p.proconfig, ' '), 'body',
                            left(encode(sha256(convert_to(p.prosrc || coalesce(pg_get_function_sqlbody(p.oid), ''), 'UTF8')), 'hex'), 16)))
      from pg_proc p where p.pronamespace = to_regnamespace('atlas')
    union all
    select format('grant of %s on %s to %s%s', a.privilege_type, g.object,
                  case a.grantee when 0 then 'public' else a.grantee::regrole::text end, case when a.is_grantable then ' with grant option' end)
      from granted g, aclexplode(g.acl) a where a.grantee <> g.owner
)
select line from lines order by line collate "C")sql"};
// How another major version prints definitions is another matter: what it recorded is not compared.
const RegisteredStatement recordedSql{
    "schema.recorded", "What the last apply left in the schema",
    "select line from atlas.schema_catalogue, unnest(lines) as line "
    "where server_major = current_setting('server_version_num')::int / 10000 order by line collate \"C\""};
const RegisteredStatement stampSql{
    "schema.stamp", "Record what is in the schema",
    "insert into atlas.schema_catalogue (server_major, lines, hash) "
    "values (current_setting('server_version_num')::int / 10000, $1::text[], $2::text) on conflict (id) do "
    "update "
    "set server_major = excluded.server_major, lines = excluded.lines, hash = excluded.hash, "
    "stamped_at = clock_timestamp()"};

constexpr const char* bookkeeping = R"sql(
set local client_min_messages = warning;
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
create table if not exists atlas.schema_catalogue (
    id           smallint primary key default 1 check (id = 1),
    server_major integer not null,
    lines        text[] not null,
    hash         text not null,
    stamped_at   timestamptz not null default clock_timestamp()
);
comment on table atlas.schema_catalogue is 'What the schema held after the last migration, to notice what is altered by hand. Kept by atlasctl schema.';
comment on column atlas.schema_catalogue.id is 'Always 1.';
comment on column atlas.schema_catalogue.server_major is 'Major version of the server, which decides how definitions are printed.';
comment on column atlas.schema_catalogue.lines is 'A table, column, constraint, index, policy, trigger, function or grant each. No partitions.';
comment on column atlas.schema_catalogue.hash is 'SHA-256 of the lines, to compare databases by.';
comment on column atlas.schema_catalogue.stamped_at is 'When it was recorded.';
)sql";

/// Runs `work` in a transaction as atlas_owner, whoever has connected: what is made then belongs to that
/// role.
db::Status asOwner(db::BlockingSession& session, const QString& name, const std::function<db::Status()>& work)
{
    db::Status done = session.execScript("begin; set local role atlas_owner", name);
    if (!done && (done.error().sqlState == QLatin1String("42501") ||
                  done.error().sqlState == QLatin1String("22023"))) {
        db::DbError error = done.error();
        error.hint = QStringLiteral(
            "Connect as atlas_owner or a member of it; schema/postgres/bootstrap.sql makes the role.");
        done = error;
    }
    if (done)
        done = work();
    if (done)
        done = session.execScript("commit", name);
    if (!done) {
        // Best effort: the connection may be gone, and then so is the transaction.
        const auto undone = session.execScript("rollback", QStringLiteral("schema.rollback"));
        Q_UNUSED(undone)
    }
    return done;
}

/// Ends the transaction's use of its own search path.
db::Result<QStringList> catalogue(db::BlockingSession& session)
{
    if (auto set = session.execScript("set local search_path = pg_catalog", QStringLiteral("schema.path"));
        !set)
        return set.error();
    const auto rows = session.exec(catalogueSql());
    if (!rows)
        return rows.error();
    QStringList lines;
    for (int row = 0; row < rows->rowCount(); ++row)
        lines.append(rows->string(row, 0));
    return lines;
}

db::Status stamp(db::BlockingSession& session)
{
    const auto lines = catalogue(session);
    if (!lines)
        return lines.error();
    const QByteArray hash =
        QCryptographicHash::hash(lines->join(QLatin1Char('\n')).toUtf8(), QCryptographicHash::Sha256).toHex();
    const auto stamped = session.exec(stampSql({db::arrayParam(*lines), db::param(hash)}));
    return stamped ? db::success() : db::Status(stamped.error());
}

db::Result<QList<Applied>> applied(db::BlockingSession& session)
{
    const auto rows = session.exec(listSql());
    if (!rows)
        return rows.error();
    QList<Applied> list;
    for (int row = 0; row < rows->rowCount(); ++row) {
        list.append(
            {static_cast<int>(rows->integer(row, 0).value_or(0)), rows->string(row, 1), rows->string(row, 2),
             QDateTime::fromMSecsSinceEpoch(qRound64(rows->real(row, 3).value_or(0) * 1000), Qt::UTC)});
    }
    return list;
}

/// "index x: create …" by what comes before the colon.
QMap<QString, QString> byThing(const QStringList& lines)
{
    QMap<QString, QString> things;
    for (const QString& line : lines) {
        const qsizetype colon = line.indexOf(QLatin1String(": "));
        things.insert(line.left(colon), colon < 0 ? QString() : line.mid(colon + 2));
    }
    return things;
}

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

db::Result<State> inspect(db::BlockingSession& session)
{
    State state;
    const db::Status read = asOwner(session, QStringLiteral("schema.inspect"), [&]() -> db::Status {
        const auto exists = session.exec(existsSql());
        if (!exists)
            return exists.error();
        if (exists->boolean(0, 0)) {
            auto list = applied(session);
            if (!list)
                return list.error();
            state.applied = *list;
        }
        if (exists->boolean(0, 1)) {
            const auto rows = session.exec(recordedSql());
            if (!rows)
                return rows.error();
            for (int row = 0; row < rows->rowCount(); ++row)
                state.recorded.append(rows->string(row, 0));
        }
        const auto found = catalogue(session);
        if (!found)
            return found.error();
        state.found = *found;
        return db::success();
    });
    return read ? db::Result<State>(state) : db::Result<State>(read.error());
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

QString alteration(const State& state)
{
    if (state.recorded.isEmpty() || state.recorded == state.found)
        return {};
    const QMap<QString, QString> before = byThing(state.recorded);
    const QMap<QString, QString> now = byThing(state.found);
    QStringList differences;
    for (auto it = before.cbegin(); it != before.cend(); ++it) {
        if (!now.contains(it.key()))
            differences.append(it.key() + QStringLiteral(" is missing"));
        else if (now.value(it.key()) != it.value())
            differences.append(QStringLiteral("%1 is now %2").arg(it.key(), now.value(it.key())));
    }
    for (auto it = now.cbegin(); it != now.cend(); ++it) {
        if (!before.contains(it.key()))
            differences.append(it.key() + QStringLiteral(" was added"));
    }
    constexpr qsizetype named = 5;
    const qsizetype more = differences.size() - named;
    QString text = differences.mid(0, named).join(QStringLiteral("; "));
    if (more > 0)
        text += QStringLiteral("; and %1 more").arg(more);
    return QStringLiteral("The schema was altered by something else than its migrations: %1. "
                          "Undo that, or accept it as docs/platform.md says.")
        .arg(text);
}

db::Result<Outcome> apply(db::BlockingSession& session, const QList<Migration>& known,
                          const std::function<void(const Migration&)>& progress)
{
    if (auto locked = session.exec(lockSql({}, std::chrono::minutes(5))); !locked)
        return locked.error();
    const auto unlocked = [&session](db::Result<Outcome> outcome) {
        // Best effort: with the connection the lock is gone too.
        const auto done = session.exec(unlockSql());
        Q_UNUSED(done)
        return outcome;
    };

    const auto before = inspect(session);
    if (!before)
        return unlocked(before.error());
    QString problem = conflict(known, before->applied);
    if (problem.isEmpty())
        problem = alteration(*before);
    if (!problem.isEmpty())
        return unlocked(db::DbError{.kind = db::ErrorKind::BadArgument, .message = problem});

    Outcome outcome;
    outcome.version = before->applied.isEmpty() ? 0 : before->applied.last().version;
    bool recorded = !before->recorded.isEmpty();
    for (const Migration& migration : known) {
        if (migration.version <= outcome.version)
            continue;
        progress(migration);
        const QString name =
            QStringLiteral("schema.apply.%1").arg(migration.version, 4, 10, QLatin1Char('0'));
        const db::Status ran = asOwner(session, name, [&]() -> db::Status {
            if (!recorded) {
                if (auto made = session.execScript(bookkeeping, name); !made)
                    return made;
            }
            if (auto done = session.execScript(migration.sql, name); !done) {
                db::DbError error = done.error();
                error.message =
                    QStringLiteral("migration %1 (%2): ").arg(migration.version).arg(migration.name) +
                    error.message;
                return error;
            }
            if (auto row = session.exec(recordSql({db::param(migration.version), db::param(migration.name),
                                                   db::param(migration.checksum)}));
                !row)
                return row.error();
            return stamp(session);
        });
        if (!ran)
            return unlocked(ran.error());
        recorded = true;
        outcome.version = migration.version;
        ++outcome.appliedNow;
    }
    if (!recorded && outcome.version > 0) {
        // Migrated before catalogues were recorded, or under another major version of the server.
        const QString name = QStringLiteral("schema.stamp");
        const db::Status ran = asOwner(session, name, [&]() -> db::Status {
            if (auto made = session.execScript(bookkeeping, name); !made)
                return made;
            return stamp(session);
        });
        if (!ran)
            return unlocked(ran.error());
    }
    return unlocked(outcome);
}

} // namespace atlas::schema
