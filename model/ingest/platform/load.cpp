// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/platform/load.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "model/statements.h"

namespace atlas::ingest {

namespace {

const RegisteredStatement tenantsSql{
    "load.tenants", "Tenants of the synthetic platform",
    "select t.tenant_id, t.name, (select count(*) from atlas.entities e where e.tenant_id = t.tenant_id) "
    "from atlas.tenants t where t.name = any ($1::text[])"};
const RegisteredStatement createSql{"load.create_tenant", "Create a tenant of the synthetic platform",
                                    "select atlas.create_tenant($1, $2, $3::name[])"};
const RegisteredStatement beganSql{
    "load.began", "When this load began",
    "select extract(epoch from min(started_at))::numeric * 1000000 from atlas.ingest_batches "
    "where tenant_id = $1::integer and batch_id = $2::uuid"};
const RegisteredStatement doneSql{"load.done", "Batches of this load that are there",
                                  "select tenant_id, batch_id from atlas.ingest_batches "
                                  "where tenant_id = any ($1::integer[]) and batch_id = any ($2::uuid[])"};
const RegisteredStatement otherwiseSql{
    "load.otherwise", "Was anything loaded into these tenants",
    "select exists (select from atlas.ingest_batches where tenant_id = any ($1::integer[]) and source = $2)"};
const RegisteredStatement describeSql{
    "load.describe", "Units and descriptions of known attributes",
    "update atlas.attributes a set unit = d.unit, description = d.description "
    "from unnest($2::text[], $3::text[], $4::text[]) as d (name, unit, description) "
    "where a.tenant_id = $1::integer and a.name = d.name and (a.unit, a.description) is distinct from "
    "(d.unit, d.description)"};

constexpr const char* source = "load";

QByteArray uuidOf(const PlatformOptions& options, const LoadItem& item)
{
    return BatchId::derive(loadWords(options, item), 0).uuid;
}

std::int64_t rowsOf(const LoadItem& item, const Platform& platform)
{
    switch (item.stage) {
    case LoadItem::Stage::Entities:
        return static_cast<std::int64_t>((item.last - item.first) * meanValuesPerEntity);
    case LoadItem::Stage::History:
        return (item.last - item.first) * (historySpan / historyStep) *
               platform.tenant(item.tenant).kind->telemetryCount() * 3 / 4;
    default:
        return 0;
    }
}

} // namespace

std::vector<LoadItem> loadPlan(const Platform& platform, int values)
{
    std::vector<LoadItem> plan;
    const int step = std::max(1, static_cast<int>(values / meanValuesPerEntity));
    for (int t = 0; t < platform.tenantCount(); ++t)
        plan.push_back({LoadItem::Stage::Catalogue, t, 0, 0});
    // Tenants take turns in proportion to their size: writers then work in different partitions.
    struct Piece
    {
        double place;
        LoadItem item;
    };
    std::vector<Piece> pieces;
    for (int t = 0; t < platform.tenantCount(); ++t) {
        const int count = platform.tenant(t).entities;
        for (int first = 0; first < count; first += step)
            pieces.push_back({static_cast<double>(first) / count,
                              {LoadItem::Stage::Entities, t, first, std::min(first + step, count)}});
    }
    std::stable_sort(pieces.begin(), pieces.end(),
                     [](const Piece& a, const Piece& b) { return a.place < b.place; });
    for (const Piece& piece : pieces)
        plan.push_back(piece.item);
    for (int t = 0; t < platform.tenantCount(); ++t) {
        const int perEntity =
            static_cast<int>(historySpan / historyStep) * platform.tenant(t).kind->telemetryCount();
        const int historyStepEntities = std::max(1, values / perEntity);
        for (int first = 0; first < platform.featuredCount(t); first += historyStepEntities)
            plan.push_back({LoadItem::Stage::History, t, first,
                            std::min(first + historyStepEntities, platform.featuredCount(t))});
    }
    plan.push_back({LoadItem::Stage::Complete, platform.tenantCount() - 1, 0, 0});
    return plan;
}

std::string loadWords(const PlatformOptions& options, const LoadItem& item)
{
    return "atlas load 1 seed " + std::to_string(options.seed) + " entities " +
           std::to_string(options.entities) + " attributes " + std::to_string(options.attributes) +
           " tenant " + std::to_string(item.tenant) + " stage " +
           std::to_string(static_cast<int>(item.stage)) + " from " + std::to_string(item.first) + " to " +
           std::to_string(item.last);
}

void fillLoadBatch(const Platform& platform, const LoadItem& item, Batch& batch)
{
    Platform::AttributeNumbers numbers = platform.attributeNumbers(item.tenant);
    switch (item.stage) {
    case LoadItem::Stage::Catalogue:
        // Before the values: writers that met the same new attribute would wait for each other.
        for (const AttributeSpec& spec : platform.tenant(item.tenant).attributes)
            batch.attribute(spec.name, spec.type);
        break;
    case LoadItem::Stage::Entities:
        for (int i = item.first; i < item.last; ++i)
            platform.writeEntity(item.tenant, i, batch, numbers);
        break;
    case LoadItem::Stage::History:
        for (int i = item.first; i < item.last; ++i) {
            const std::int64_t end = platform.options().baseTime / historyStep * historyStep;
            const std::int64_t seen = platform.lastSeen(item.tenant, i); // later than that nobody heard of it
            for (std::int64_t time = end - historySpan; time < seen; time += historyStep)
                platform.writeTelemetry(item.tenant, i, time, batch, numbers);
        }
        break;
    case LoadItem::Stage::Complete:
        break;
    }
}

bool LoadState::anyTenant() const
{
    return std::any_of(tenantIds.begin(), tenantIds.end(), [](int id) { return id != 0; });
}

bool LoadState::anyEntities() const
{
    return std::any_of(entities.begin(), entities.end(), [](std::int64_t n) { return n != 0; });
}

db::Result<LoadState> readLoadState(db::BlockingSession& session, const Platform& platform,
                                    const std::vector<LoadItem>& plan)
{
    LoadState state;
    const auto tenants = static_cast<std::size_t>(platform.tenantCount());
    state.tenantIds.resize(tenants);
    state.entities.resize(tenants);
    state.done.resize(plan.size());
    QStringList names;
    for (int t = 0; t < platform.tenantCount(); ++t)
        names.append(QString::fromUtf8(platform.tenant(t).kind->tenant()));
    const auto found = session.exec(tenantsSql({db::arrayParam(names)}));
    if (!found)
        return found.error();
    for (int row = 0; row < found->rowCount(); ++row) {
        const auto t = static_cast<std::size_t>(names.indexOf(found->string(row, 1)));
        state.tenantIds[t] = static_cast<int>(found->integer(row, 0).value_or(0));
        state.entities[t] = found->integer(row, 2).value_or(0);
    }
    const int firstTenant = state.tenantIds[static_cast<std::size_t>(plan.front().tenant)];
    if (firstTenant == 0)
        return state;
    const auto began =
        session.exec(beganSql({db::param(firstTenant), db::param(uuidOf(platform.options(), plan.front()))}));
    if (!began)
        return began.error();
    state.startedAt = began->isNull(0, 0) ? 0 : static_cast<std::int64_t>(began->real(0, 0).value_or(0));
    if (state.startedAt == 0)
        return state;
    QHash<QByteArray, std::size_t> places;
    QStringList ids;
    for (std::size_t i = 0; i < plan.size(); ++i) {
        const QByteArray id = uuidOf(platform.options(), plan[i]);
        places.insert(id, i);
        ids.append(QString::fromLatin1(id));
    }
    QList<int> tenantIds;
    for (const int id : state.tenantIds)
        tenantIds.append(id);
    const auto done = session.exec(doneSql({db::arrayParam(tenantIds), db::arrayParam(ids)}));
    if (!done)
        return done.error();
    for (int row = 0; row < done->rowCount(); ++row) {
        const auto place = places.constFind(done->bytes(row, 1).toByteArray());
        if (place != places.constEnd())
            state.done[*place] = true;
    }
    state.complete = state.done.back();
    return state;
}

db::Result<bool> wasLoadedOtherwise(db::BlockingSession& session, const LoadState& state)
{
    QList<int> tenantIds;
    for (const int id : state.tenantIds)
        tenantIds.append(id);
    const auto found = session.exec(otherwiseSql({db::arrayParam(tenantIds), db::param(source)}));
    if (!found)
        return found.error();
    return found->boolean(0, 0);
}

db::Status createTenants(db::BlockingSession& session, const Platform& platform, const QStringList& logins,
                         LoadState& state)
{
    for (int t = 0; t < platform.tenantCount(); ++t) {
        int& id = state.tenantIds[static_cast<std::size_t>(t)];
        if (id != 0)
            continue;
        const AssetKind& kind = *platform.tenant(t).kind;
        const auto created = session.exec(
            createSql({db::param(kind.tenant()), db::param(kind.isolation()), db::arrayParam(logins)}));
        if (!created)
            return created.error();
        id = static_cast<int>(created->integer(0, 0).value_or(0));
    }
    return db::success();
}

db::Status describeAttributes(db::BlockingSession& session, const Platform& platform, const LoadState& state)
{
    for (int t = 0; t < platform.tenantCount(); ++t) {
        QStringList names;
        QStringList units;
        QStringList descriptions;
        for (const AttributeSpec& spec : platform.tenant(t).attributes) {
            if (spec.unit.empty() && spec.description.empty())
                continue;
            names.append(QString::fromStdString(spec.name));
            units.append(QString::fromStdString(spec.unit));
            descriptions.append(QString::fromStdString(spec.description));
        }
        const auto described = session.exec(
            describeSql({db::param(state.tenantIds[static_cast<std::size_t>(t)]), db::arrayParam(names),
                         db::arrayParam(units), db::arrayParam(descriptions)}));
        if (!described)
            return described.error();
    }
    return db::success();
}

LoadRun::LoadRun(const Platform& platform, const std::vector<LoadItem>& plan, const LoadState& state)
    : m_platform(platform)
    , m_plan(plan)
    , m_state(state)
{
    for (std::size_t i = 0; i < plan.size(); ++i) {
        const std::int64_t rows = rowsOf(plan[i], platform);
        m_rowsExpected += rows;
        if (state.done[i]) {
            rowsSent += rows;
            ++itemsDone;
        }
    }
}

db::Status LoadRun::send(Door& door, const LoadItem& item, Batch& batch)
{
    fillLoadBatch(m_platform, item, batch);
    const BatchId id{uuidOf(m_platform.options(), item), m_platform.options().baseTime};
    const auto sent = door.send(batch, id);
    if (!sent)
        return sent.error();
    rowsSent += item.stage == LoadItem::Stage::Catalogue ? 0 : batch.rows();
    ++itemsDone;
    return db::success();
}

db::Status LoadRun::run(int writers, const std::function<std::unique_ptr<Door>()>& makeDoor,
                        const std::function<bool()>& stopped)
{
    std::mutex mutex;
    std::optional<db::DbError> firstError;
    const auto work = [&](LoadItem::Stage upTo) {
        const std::unique_ptr<Door> door = makeDoor();
        for (;;) {
            const std::size_t at = m_next.fetch_add(1);
            if (at >= m_plan.size() || m_plan[at].stage > upTo) {
                m_next.fetch_sub(1);
                return;
            }
            if (m_state.done[at])
                continue;
            if (m_stopped || stopped()) {
                m_stopped = true;
                return;
            }
            const LoadItem& item = m_plan[at];
            Batch batch(m_state.tenantIds[static_cast<std::size_t>(item.tenant)], source);
            if (const db::Status sent = send(*door, item, batch); !sent) {
                const std::lock_guard lock(mutex);
                if (!firstError)
                    firstError = sent.error();
                m_stopped = true;
                return;
            }
        }
    };
    work(LoadItem::Stage::Catalogue);
    std::vector<std::thread> threads;
    for (int i = 0; i < writers && !m_stopped; ++i)
        threads.emplace_back(work, LoadItem::Stage::History);
    for (std::thread& thread : threads)
        thread.join();
    if (firstError)
        return *firstError;
    return db::success();
}

db::Status markComplete(Door& door, const Platform& platform, const LoadState& state)
{
    const LoadItem item{LoadItem::Stage::Complete, platform.tenantCount() - 1, 0, 0};
    const Batch batch(state.tenantIds.back(), source);
    const auto sent = door.send(batch, {uuidOf(platform.options(), item), platform.options().baseTime});
    return sent ? db::success() : db::Status(sent.error());
}

} // namespace atlas::ingest
