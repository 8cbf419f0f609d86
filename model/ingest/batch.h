// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db/statement.h"
#include "model/ingest/value.h"

namespace atlas::ingest {

/// Identity of a batch: sent again with the same id and start it changes nothing.
struct BatchId
{
    QByteArray uuid;
    std::int64_t startedAt = 0; ///< µs since 1970 UTC, the sender's clock

    static BatchId random();
    /// The same words and start always give the same id: makes loads and imports restartable.
    static BatchId derive(std::string_view words, std::int64_t startedAt);
    bool operator==(const BatchId&) const = default;
};

/// Observations of one tenant on their way to the server, dictionary-encoded: every entity and attribute
/// once, values refer to them by number. Values are written as COPY text at once, nothing is allocated per
/// value. Keeps its content until reset(), so that a door can send it again. Not thread-safe.
class Batch
{
public:
    explicit Batch(int tenant, std::string source);

    int tenant() const { return m_tenant; }
    const std::string& source() const { return m_source; }

    /// Number of the entity, added when it is new. Type and name replace what the batch held; nullopt leaves
    /// what the server has. Names must be valid (nameProblem()).
    int entity(std::string_view externalId, std::optional<std::string_view> type = std::nullopt,
               std::optional<std::string_view> name = std::nullopt);
    /// Number of the attribute of that name and type, added when it is new.
    int attribute(std::string_view name, ValueType type);

    void add(int entity, int attribute, std::int64_t observedAt, const ValueColumns& value);
    /// unscaled / 10^scale with at most 15 digits, e.g. (815, 1) → 81.5. Trailing zeros are not kept.
    void addDecimal(int entity, int attribute, std::int64_t observedAt, std::int64_t unscaled, int scale);
    void addBoolean(int entity, int attribute, std::int64_t observedAt, bool value);
    void addTimestamp(int entity, int attribute, std::int64_t observedAt, std::int64_t value);
    /// At most 256 characters; anything longer goes through encodeString() and add().
    void addShortText(int entity, int attribute, std::int64_t observedAt, std::string_view text);

    bool isEmpty() const { return m_entities.empty() && m_attributes.empty(); }
    std::int64_t rows() const { return m_rows; }
    int entityCount() const { return static_cast<int>(m_entities.size()); }
    const std::string& entityId(int entity) const { return m_entities[static_cast<std::size_t>(entity)].id; }
    const std::string& attributeName(int attribute) const
    {
        return m_attributes[static_cast<std::size_t>(attribute)].name;
    }
    ValueType attributeType(int attribute) const
    {
        return m_attributes[static_cast<std::size_t>(attribute)].type;
    }
    /// Of names and values as received, the ledger's measure: per row the entity's id, the attribute's name
    /// and the value's text (8 for numbers, booleans and timestamps).
    std::int64_t bytes() const { return m_bytes; }
    /// Memory held, for deciding when a batch is full.
    std::size_t sizeInBytes() const { return m_values.size() + m_dictionaryBytes; }
    /// Empties it and keeps the room.
    void reset();

    /// As COPY text for the temporary tables of ingest_commit.
    std::string entitiesCopy() const;
    std::string attributesCopy() const;
    const std::string& valuesCopy() const { return m_values; }
    /// The whole batch as arrays, for ingest_batch: of entities their ids, types and
    /// names, of attributes names and types, of values the number of the entity and of the attribute, the
    /// time, and the four columns of attribute_values. An array of nothing but nulls is empty.
    QList<db::Param> arrays() const;
    /// The same rows spelled out for ingest_staging, handed over in pieces of about a megabyte. A row a
    /// value: what has no value in this batch is not in it.
    void stagingCopy(const std::function<void(std::string&&)>& piece) const;

private:
    struct Entity
    {
        std::string id;
        std::optional<std::string> type;
        std::optional<std::string> name;
    };
    struct Attribute
    {
        std::string name;
        ValueType type;
    };
    struct Hash
    {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    using Dictionary = std::unordered_map<std::string, int, Hash, std::equal_to<>>;

    /// "entity⇥attribute⇥time⇥"
    void begin(int entity, int attribute, std::int64_t observedAt, std::size_t valueBytes);

    int m_tenant;
    std::string m_source;
    std::vector<Entity> m_entities;
    std::vector<Attribute> m_attributes;
    Dictionary m_entityNumbers;
    Dictionary m_attributeNumbers; ///< key: name and one character of type
    std::string m_key;
    std::string m_values;
    std::int64_t m_rows = 0;
    std::int64_t m_bytes = 0;
    std::size_t m_dictionaryBytes = 0;
    std::int64_t m_lastTime = INT64_MIN;
    std::string m_lastTimeText;
};

enum class NameKind { EntityId, EntityType, EntityName, Attribute };
/// nullptr, or why the text cannot be such a name (empty, too long, NUL, not UTF-8).
const char* nameProblem(std::string_view text, NameKind kind);

} // namespace atlas::ingest
