// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/tenants/tenants.h"

#include <QElapsedTimer>

#include <algorithm>
#include <thread>

#include "model/statements.h"

namespace atlas::tenants {

namespace {

using namespace std::chrono_literals;

const RegisteredStatement listSql{
    "tenantmoves.sizes", "Tenants, how large they are and where they are kept",
    "select t.tenant_id, t.name, t.isolation, f.entities_total + f.entities_since, a.values, "
    "extract(epoch from f.measured_at)::float8, s.branch, "
    "case when s.rows > 0 then least(1, a.values / s.rows) end, "
    "case when t.isolation = 'partition' then s.bytes when s.rows > 0 then s.bytes * least(1, a.values / "
    "s.rows) end "
    "from atlas.tenants t "
    "left join atlas.entity_field_stats f on f.tenant_id = t.tenant_id and f.field = 'type' "
    "left join (select tenant_id, sum(entities_with)::float8 as values from atlas.attribute_stats group by "
    "1) a "
    "on a.tenant_id = t.tenant_id "
    "left join (select tenant_id, max(branch) filter (where branch like 'attribute\\_values%') as branch, "
    "sum(branch_bytes)::float8 as bytes, max(branch_rows) as rows from atlas.tenant_sizes() group by 1) s "
    "on s.tenant_id = t.tenant_id order by t.name"};

#define ATLAS_MOVE_COLUMNS                                                                                   \
    "m.move_id, m.tenant_id, m.kind, m.phase, m.outcome, m.message, m.rows_done, m.rows_verified, "          \
    "m.rows_expected, m.mismatches, m.requested_by, extract(epoch from m.started_at)::float8, "              \
    "extract(epoch from m.updated_at)::float8"

const RegisteredStatement movesSql{
    "tenantmoves.moves", "Moves of tenants to a branch of their own and back",
    "select " ATLAS_MOVE_COLUMNS ", t.name from atlas.tenant_moves m join atlas.tenants t using (tenant_id) "
    "where $1::int = 0 or m.tenant_id = $1::int order by m.move_id desc limit 50"};

const RegisteredStatement beginSql{"tenantmoves.begin", "Begin to move a tenant, or find its move",
                                   "select atlas.tenant_move_begin($1::int, $2::text)"};

const RegisteredStatement stepSql{"tenantmoves.step", "One step of the move of a tenant",
                                  "select " ATLAS_MOVE_COLUMNS
                                  ", '' from atlas.tenant_move_step($1::int, $2::bigint, $3::int) m"};

const RegisteredStatement cancelSql{"tenantmoves.cancel", "Cancel the move of a tenant",
                                    "select atlas.tenant_move_cancel($1::int, $2::bigint)"};

// A transaction that took its snapshot before the copy was complete, and looks into the tables after the
// switch, would miss what was copied later. Only an administrator (pg_monitor) sees when others' transactions
// began.
const RegisteredStatement eldersSql{
    "tenantmoves.elders", "Transactions from before a move was ready to switch",
    "select coalesce(string_agg(a.pid::text, ', ' order by a.xact_start), '') from pg_stat_activity a "
    "join atlas.tenant_moves m on m.tenant_id = $1::int and m.move_id = $2::bigint "
    "where a.backend_xmin is not null and a.xact_start < m.phase_at and a.pid <> pg_backend_pid() "
    "and a.backend_type = 'client backend' and a.datname = current_database()"};

#undef ATLAS_MOVE_COLUMNS

/// An index of hundreds of millions of rows, or the validation of a large leaf, is one statement.
constexpr auto stepDeadline = std::chrono::hours(12);
constexpr auto wantedStep = 500ms;
constexpr auto betweenLooks = 300ms;
constexpr int smallestStep = 1000;
constexpr int largestStep = 100'000;

QDateTime timeOf(const db::ResultSet& rows, int row, int column)
{
    const auto seconds = rows.real(row, column);
    return seconds ? QDateTime::fromMSecsSinceEpoch(qRound64(*seconds * 1000), Qt::UTC) : QDateTime();
}

std::optional<qint64> rounded(const db::ResultSet& rows, int row, int column)
{
    const auto value = rows.real(row, column);
    return value ? std::optional<qint64>(qRound64(*value)) : std::nullopt;
}

Move moveOf(const db::ResultSet& rows, int row)
{
    Move move;
    move.id = rows.integer(row, 0).value_or(0);
    move.tenant = static_cast<int>(rows.integer(row, 1).value_or(0));
    move.kind = rows.string(row, 2);
    move.phase = rows.string(row, 3);
    move.outcome = rows.string(row, 4);
    move.message = rows.string(row, 5);
    move.rowsDone = rows.integer(row, 6).value_or(0);
    move.rowsVerified = rows.integer(row, 7).value_or(0);
    move.rowsExpected = rows.integer(row, 8).value_or(0);
    move.mismatches = rows.integer(row, 9);
    move.requestedBy = rows.string(row, 10);
    move.startedAt = timeOf(rows, row, 11);
    move.updatedAt = timeOf(rows, row, 12);
    move.tenantName = rows.string(row, 13);
    return move;
}

void pause(std::chrono::milliseconds time, const Watch& watch)
{
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until && !(watch.stopped && watch.stopped()))
        std::this_thread::sleep_for(50ms);
}

} // namespace

db::Result<QList<Tenant>> list(db::BlockingSession& session)
{
    const auto rows = session.exec(listSql());
    if (!rows)
        return rows.error();
    QList<Tenant> found;
    for (int row = 0; row < rows->rowCount(); ++row) {
        Tenant tenant;
        tenant.id = static_cast<int>(rows->integer(row, 0).value_or(0));
        tenant.name = rows->string(row, 1);
        tenant.isolation = rows->string(row, 2);
        tenant.entities = rows->integer(row, 3);
        tenant.values = rounded(*rows, row, 4);
        tenant.measuredAt = timeOf(*rows, row, 5);
        tenant.branch = rows->string(row, 6);
        tenant.share = rows->real(row, 7);
        tenant.bytes = rounded(*rows, row, 8);
        found.append(tenant);
    }
    return found;
}

db::Result<QList<Move>> moves(db::BlockingSession& session, int tenant)
{
    const auto rows = session.exec(movesSql({db::param(tenant)}));
    if (!rows)
        return rows.error();
    QList<Move> found;
    for (int row = 0; row < rows->rowCount(); ++row)
        found.append(moveOf(*rows, row));
    return found;
}

db::Result<qint64> begin(db::BlockingSession& session, int tenant, Direction direction)
{
    const auto begun = session.exec(beginSql(
        {db::param(tenant),
         db::param(direction == Direction::Isolate ? QStringLiteral("isolate") : QStringLiteral("share"))}));
    if (!begun)
        return begun.error();
    return begun->integer(0, 0).value_or(0);
}

db::Result<Move> drive(db::BlockingSession& session, int tenant, qint64 move, const Watch& watch)
{
    int limit = 5000;
    Move last;
    QString waiting;
    const auto tell = [&](const QString& reason) {
        if (reason != waiting && watch.waiting)
            watch.waiting(reason);
        waiting = reason;
    };
    for (;;) {
        // Copying writes as much as any writer does, and gives way like one.
        if (last.phase == QLatin1String("copy") && watch.pressure) {
            if (const QString reason = watch.pressure(); !reason.isEmpty()) {
                tell(reason);
                pause(betweenLooks, watch);
                if (watch.stopped && watch.stopped())
                    return last;
                continue;
            }
        }
        if (last.phase == QLatin1String("switch")) {
            const auto elders = session.exec(eldersSql({db::param(tenant), db::param(move)}));
            if (!elders)
                return elders.error();
            if (const QString processes = elders->string(0, 0); !processes.isEmpty()) {
                tell(
                    QStringLiteral("waiting for transactions that began before (process %1)").arg(processes));
                pause(betweenLooks, watch);
                if (watch.stopped && watch.stopped())
                    return last;
                continue;
            }
        }
        QElapsedTimer timer;
        timer.start();
        const auto rows =
            session.exec(stepSql({db::param(tenant), db::param(move), db::param(limit)}, stepDeadline));
        if (!rows) {
            // Somebody else is at a step of the same move.
            if (rows.error().sqlState == QLatin1String("55P03") && !(watch.stopped && watch.stopped())) {
                tell(QStringLiteral("another client is at a step of it"));
                pause(betweenLooks, watch);
                continue;
            }
            return rows.error();
        }
        if (rows->rowCount() != 1)
            return db::DbError{.kind = db::ErrorKind::Protocol,
                               .message = QStringLiteral("the server returned no move")};
        const Move now = moveOf(*rows, 0);
        const auto took = std::chrono::milliseconds(timer.elapsed());
        // The other steps have a size of their own.
        const bool isSized = last.phase == QLatin1String("copy") || last.phase == QLatin1String("verify");
        if (isSized && took > wantedStep)
            limit = std::max(smallestStep, limit / 2);
        else if (isSized && took < wantedStep / 3)
            limit = std::min(largestStep, limit * 2);
        const bool isWaiting = now.message.startsWith(QLatin1String("waiting"));
        tell(isWaiting ? now.message : QString());
        if (watch.progressed && !isWaiting)
            watch.progressed(now);
        last = now;
        if (now.isOver() || (watch.stopped && watch.stopped()))
            return now;
        if (isWaiting)
            pause(betweenLooks, watch);
    }
}

db::Result<bool> cancel(db::BlockingSession& session, int tenant, qint64 move)
{
    const auto cancelled = session.exec(cancelSql({db::param(tenant), db::param(move)}));
    if (!cancelled)
        return cancelled.error();
    return cancelled->boolean(0, 0);
}

} // namespace atlas::tenants
