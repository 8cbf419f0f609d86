// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/rejects.h"

#include <QHash>
#include <QRegularExpression>

#include <algorithm>

#include "model/ingest/batch.h"
#include "model/ingest/json.h"
#include "model/statements.h"

namespace atlas::ingest {

namespace {

const RegisteredStatement listSql{"rejects.list", "Dead letters of a tenant", R"sql(
select r.reject_id, extract(epoch from r.rejected_at)::float8 as rejected_at, r.external_id, r.attribute,
       case when isfinite(r.observed_at) then (extract(epoch from r.observed_at) * 1000000)::bigint end as observed_at,
       r.value_type, case when $6::int > 0 then left(r.value, $6::int) else r.value end as value,
       coalesce(octet_length(r.value), 0) as bytes, r.reason
  from atlas.ingest_rejects r
 where r.tenant_id = $1::int and r.reject_id > $2::bigint and ($3::text = '' or r.attribute = $3::text)
   and ($4::text = '' or strpos(r.reason, $4::text) > 0)
 order by r.reject_id
 limit $5::int)sql"};

const RegisteredStatement groupSql{"rejects.groups", "Dead letters by attribute and reason", R"sql(
select r.attribute, r.reason, count(*) as letters, extract(epoch from min(r.rejected_at))::float8 as first,
       extract(epoch from max(r.rejected_at))::float8 as last
  from atlas.ingest_rejects r
 where r.tenant_id = $1::int and ($2::text = '' or r.attribute = $2::text) and ($3::text = '' or strpos(r.reason, $3::text) > 0)
 group by 1, 2
 order by 3 desc, 1, 2)sql"};

const RegisteredStatement lastSql{
    "rejects.last", "Number of a tenant's newest dead letter",
    "select coalesce(max(r.reject_id), 0) from atlas.ingest_rejects r where r.tenant_id = $1::int"};

const RegisteredStatement typesSql{
    "rejects.types", "What the attributes of dead letters hold now",
    "select a.name, a.value_type from atlas.attributes a where a.tenant_id = $1::int and a.name = "
    "any ($2::text[])"};

const RegisteredStatement settleSql{"rejects.settle",
                                    "Remove dead letters that were sent again or are thrown away",
                                    "select atlas.settle_rejects($1::int, $2::bigint[], $3::boolean)"};

constexpr int lettersPerBatch = 2'000;
constexpr qint64 bytesPerBatch = 16 * 1024 * 1024;

QDateTime instant(const std::optional<double>& seconds)
{
    return seconds ? QDateTime::fromMSecsSinceEpoch(static_cast<qint64>(*seconds * 1000), Qt::UTC)
                   : QDateTime();
}

std::string_view view(const QByteArray& bytes)
{
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

/// nullptr, or why the text is no value of that type.
const char* encode(ValueType type, const std::optional<QString>& value, ValueColumns& out)
{
    if (!value) {
        encodeCleared(type, out);
        return nullptr;
    }
    const QByteArray text = value->toUtf8();
    switch (type) {
    case ValueType::Number: {
        static const QRegularExpression json(
            QStringLiteral("\\A-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?\\z"));
        return json.match(*value).hasMatch() ? encodeNumber(view(text), out) : "it is not a number";
    }
    case ValueType::Boolean:
        if (text != "true" && text != "false")
            return "it is neither true nor false";
        encodeBoolean(text == "true", out);
        return nullptr;
    case ValueType::Timestamp:
        return encodeTimestamp(view(text), out);
    case ValueType::Json: {
        JsonReader reader(view(text));
        std::string compact;
        const char* unstorable = nullptr;
        if (!reader.compactValue(compact, unstorable) || !reader.atEnd() ||
            (compact.front() != '{' && compact.front() != '['))
            return "it is no JSON object or array";
        return unstorable ? unstorable : encodeJson(compact, out);
    }
    case ValueType::String:
        break;
    }
    return encodeString(view(text), out);
}

/// nullptr, or why no batch takes it.
const char* addTo(Batch& batch, const Reject& letter, ValueType type, ValueColumns& columns)
{
    const QByteArray entity = letter.externalId.toUtf8();
    const QByteArray attribute = letter.attribute.toUtf8();
    if (const char* problem = nameProblem(view(entity), NameKind::EntityId))
        return problem;
    if (const char* problem = nameProblem(view(attribute), NameKind::Attribute))
        return problem;
    if (!letter.observedAt)
        return "it has no time";
    if (const char* problem = encode(type, letter.value, columns))
        return problem;
    const int entityNumber = batch.entity(view(entity));
    batch.add(entityNumber, batch.attribute(view(attribute), type), *letter.observedAt, columns);
    return nullptr;
}

} // namespace

db::Result<QList<Reject>> listRejects(db::BlockingSession& session, const RejectSelection& selection,
                                      qint64 after, int limit, int longest)
{
    const auto rows =
        session.exec(listSql({db::param(selection.tenant), db::param(after), db::param(selection.attribute),
                              db::param(selection.reason), db::param(limit), db::param(longest)}));
    if (!rows)
        return rows.error();
    QList<Reject> letters;
    for (int row = 0; row < rows->rowCount(); ++row) {
        Reject letter;
        letter.id = rows->integer(row, 0).value_or(0);
        letter.rejectedAt = instant(rows->real(row, 1));
        letter.externalId = rows->string(row, 2);
        letter.attribute = rows->string(row, 3);
        letter.observedAt = rows->integer(row, 4);
        letter.type = valueTypeFromNumber(static_cast<int>(rows->integer(row, 5).value_or(0)));
        if (!rows->isNull(row, 6))
            letter.value = rows->string(row, 6);
        letter.bytes = rows->integer(row, 7).value_or(0);
        letter.reason = rows->string(row, 8);
        letters.append(letter);
    }
    return letters;
}

db::Result<QList<RejectGroup>> groupRejects(db::BlockingSession& session, const RejectSelection& selection)
{
    const auto rows = session.exec(
        groupSql({db::param(selection.tenant), db::param(selection.attribute), db::param(selection.reason)}));
    if (!rows)
        return rows.error();
    QList<RejectGroup> groups;
    for (int row = 0; row < rows->rowCount(); ++row)
        groups.append({rows->string(row, 0), rows->string(row, 1), rows->integer(row, 2).value_or(0),
                       instant(rows->real(row, 3)), instant(rows->real(row, 4))});
    return groups;
}

db::Result<qint64> discardRejects(db::BlockingSession& session, int tenant, const QList<qint64>& ids)
{
    const auto rows = session.exec(settleSql({db::param(tenant), db::arrayParam(ids), db::param(true)}));
    if (!rows)
        return rows.error();
    return rows->integer(0, 0).value_or(0);
}

db::Result<ReplayCounts> replayRejects(Door& door, db::BlockingSession& session,
                                       const RejectSelection& selection, const ReplayOptions& options)
{
    ReplayCounts counts;
    const auto newest = session.exec(lastSql({db::param(selection.tenant)}));
    if (!newest)
        return newest.error();
    const qint64 last = newest->integer(0, 0).value_or(0);
    qint64 after = 0;
    ValueColumns columns;
    while (!(options.stopped && options.stopped())) {
        // Which, before their values: one may hold megabytes.
        auto found = listRejects(session, selection, after, lettersPerBatch, 1);
        if (!found)
            return found.error();
        qint64 bytes = 0;
        int take = 0;
        for (const Reject& letter : std::as_const(*found)) {
            if (letter.id > last || (take > 0 && bytes + letter.bytes > bytesPerBatch))
                break;
            bytes += letter.bytes;
            ++take;
        }
        if (take == 0)
            return counts;
        const auto letters = listRejects(session, selection, after, take, 0);
        if (!letters)
            return letters.error();
        after = letters->isEmpty() ? last : letters->constLast().id;
        QHash<QString, ValueType> types;
        if (options.convert) {
            QStringList names;
            for (const Reject& letter : *letters)
                names.append(letter.attribute);
            names.removeDuplicates();
            const auto rows = session.exec(typesSql({db::param(selection.tenant), db::arrayParam(names)}));
            if (!rows)
                return rows.error();
            for (int row = 0; row < rows->rowCount(); ++row) {
                if (const auto type =
                        valueTypeFromNumber(static_cast<int>(rows->integer(row, 1).value_or(0))))
                    types.insert(rows->string(row, 0), *type);
            }
        }
        Batch batch(selection.tenant, "replay");
        QList<qint64> sent;
        QByteArray words = "replay";
        std::int64_t startedAt = 0;
        for (const Reject& letter : *letters) {
            const auto held = types.constFind(letter.attribute);
            const std::optional<ValueType> type = held == types.cend() ? letter.type : *held;
            const char* problem =
                type ? addTo(batch, letter, *type, columns) : "what was sent has no type that there is";
            if (problem) {
                ++counts.kept;
                if (options.keeping)
                    options.keeping(letter, QString::fromUtf8(problem));
                continue;
            }
            sent.append(letter.id);
            words += ' ' + QByteArray::number(letter.id);
            if (startedAt == 0)
                startedAt = letter.rejectedAt.toMSecsSinceEpoch() * 1000;
        }
        if (!sent.isEmpty()) {
            const auto result = door.send(batch, BatchId::derive(view(words), startedAt));
            if (!result)
                return result.error();
            const auto settled = session.exec(
                settleSql({db::param(selection.tenant), db::arrayParam(sent), db::param(false)}));
            if (!settled)
                return settled.error();
            counts.rejected += result->rejected;
            counts.taken += sent.size() - result->rejected;
        }
        if (options.progressed)
            options.progressed(counts);
    }
    return counts;
}

} // namespace atlas::ingest
