// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/batch.h"

#include <QCryptographicHash>
#include <QUuid>

#include <array>
#include <charconv>

namespace atlas::ingest {

namespace {

template<class Integer> void appendInteger(std::string& out, Integer value)
{
    char buffer[24];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
    out.append(buffer, end);
}

void appendOptional(std::string& out, const std::optional<std::string>& text)
{
    if (text)
        appendEscaped(out, *text);
    else
        out.append("\\N");
}

db::Param paramOf(const std::optional<std::string>& text)
{
    return text ? db::Param(QByteArray::fromStdString(*text)) : std::nullopt;
}

} // namespace

BatchId BatchId::random()
{
    return {QUuid::createUuid().toByteArray(QUuid::WithoutBraces), nowMicroseconds()};
}

BatchId BatchId::derive(std::string_view words, std::int64_t startedAt)
{
    const QByteArray hash = QCryptographicHash::hash(
        QByteArrayView(words.data(), static_cast<qsizetype>(words.size())), QCryptographicHash::Sha256);
    QByteArray bytes = hash.left(16);
    // Version 8 of RFC 9562 (vendor-specific), variant 10.
    bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x80);
    bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
    return {QUuid::fromRfc4122(bytes).toByteArray(QUuid::WithoutBraces), startedAt};
}

Batch::Batch(int tenant, std::string source)
    : m_tenant(tenant)
    , m_source(std::move(source))
{
}

int Batch::entity(std::string_view externalId, std::optional<std::string_view> type,
                  std::optional<std::string_view> name)
{
    auto found = m_entityNumbers.find(externalId);
    if (found == m_entityNumbers.end()) {
        found = m_entityNumbers.emplace(externalId, static_cast<int>(m_entities.size())).first;
        m_entities.push_back({std::string(externalId), std::nullopt, std::nullopt});
        m_dictionaryBytes += 2 * externalId.size() + 128;
    }
    Entity& entry = m_entities[static_cast<std::size_t>(found->second)];
    if (type)
        entry.type = *type;
    if (name)
        entry.name = *name;
    return found->second;
}

int Batch::attribute(std::string_view name, ValueType type)
{
    m_key.assign(name).append(1, static_cast<char>(type));
    auto found = m_attributeNumbers.find(m_key);
    if (found == m_attributeNumbers.end()) {
        found = m_attributeNumbers.emplace(m_key, static_cast<int>(m_attributes.size())).first;
        m_attributes.push_back({std::string(name), type});
        m_dictionaryBytes += 2 * name.size() + 128;
    }
    return found->second;
}

void Batch::begin(int entity, int attribute, std::int64_t observedAt, std::size_t valueBytes)
{
    appendInteger(m_values, entity);
    m_values += '\t';
    appendInteger(m_values, attribute);
    m_values += '\t';
    if (observedAt != m_lastTime) {
        m_lastTime = observedAt;
        m_lastTimeText = canonicalTimestamp(observedAt);
    }
    m_values += m_lastTimeText;
    m_values += '\t';
    ++m_rows;
    m_bytes +=
        static_cast<std::int64_t>(m_entities[static_cast<std::size_t>(entity)].id.size() +
                                  m_attributes[static_cast<std::size_t>(attribute)].name.size() + valueBytes);
}

void Batch::add(int entity, int attribute, std::int64_t observedAt, const ValueColumns& value)
{
    begin(entity, attribute, observedAt,
          value.hasLong   ? value.longText.size()
          : value.hasText ? value.text.size()
                          : 8);
    appendColumns(m_values, value);
    m_values += '\n';
}

void Batch::addDecimal(int entity, int attribute, std::int64_t observedAt, std::int64_t unscaled, int scale)
{
    begin(entity, attribute, observedAt, 8);
    while (scale > 0 && unscaled % 10 == 0) {
        unscaled /= 10;
        --scale;
    }
    if (scale == 0) {
        appendInteger(m_values, unscaled);
    } else {
        std::int64_t unit = 1;
        for (int i = 0; i < scale; ++i)
            unit *= 10;
        if (unscaled < 0) {
            m_values += '-';
            unscaled = -unscaled;
        }
        appendInteger(m_values, unscaled / unit);
        m_values += '.';
        char digits[24];
        std::int64_t rest = unscaled % unit;
        for (int i = scale - 1; i >= 0; --i) {
            digits[i] = static_cast<char>('0' + rest % 10);
            rest /= 10;
        }
        m_values.append(digits, static_cast<std::size_t>(scale));
    }
    m_values.append("\t\\N\t\\N\t\\N\n");
}

void Batch::addBoolean(int entity, int attribute, std::int64_t observedAt, bool value)
{
    begin(entity, attribute, observedAt, 8);
    m_values.append(value ? "1\t\\N\t\\N\t\\N\n" : "0\t\\N\t\\N\t\\N\n");
}

void Batch::addTimestamp(int entity, int attribute, std::int64_t observedAt, std::int64_t value)
{
    begin(entity, attribute, observedAt, 8);
    appendInteger(m_values, value);
    m_values.append("\t\\N\t\\N\t\\N\n");
}

void Batch::addShortText(int entity, int attribute, std::int64_t observedAt, std::string_view text)
{
    begin(entity, attribute, observedAt, text.size());
    m_values.append("\\N\t");
    appendEscaped(m_values, text);
    m_values.append("\t\\N\t\\N\n");
}

void Batch::reset()
{
    m_entities.clear();
    m_attributes.clear();
    m_entityNumbers.clear();
    m_attributeNumbers.clear();
    m_values.clear();
    m_rows = 0;
    m_bytes = 0;
    m_dictionaryBytes = 0;
}

std::string Batch::entitiesCopy() const
{
    std::string out;
    out.reserve(m_entities.size() * 48);
    for (std::size_t i = 0; i < m_entities.size(); ++i) {
        appendInteger(out, i);
        out += '\t';
        appendEscaped(out, m_entities[i].id);
        out += '\t';
        appendOptional(out, m_entities[i].type);
        out += '\t';
        appendOptional(out, m_entities[i].name);
        out += '\n';
    }
    return out;
}

std::string Batch::attributesCopy() const
{
    std::string out;
    out.reserve(m_attributes.size() * 32);
    for (std::size_t i = 0; i < m_attributes.size(); ++i) {
        appendInteger(out, i);
        out += '\t';
        appendEscaped(out, m_attributes[i].name);
        out += '\t';
        appendInteger(out, static_cast<int>(m_attributes[i].type));
        out += '\n';
    }
    return out;
}

QList<db::Param> Batch::arrays() const
{
    std::array<QList<db::Param>, 12> columns;
    for (const Entity& entity : m_entities) {
        columns[0].append(QByteArray::fromStdString(entity.id));
        columns[1].append(paramOf(entity.type));
        columns[2].append(paramOf(entity.name));
    }
    for (const Attribute& attribute : m_attributes) {
        columns[3].append(QByteArray::fromStdString(attribute.name));
        columns[4].append(db::param(static_cast<int>(attribute.type)));
    }
    constexpr std::size_t first = 5;
    std::size_t column = first;
    QByteArray field;
    bool isNull = false;
    for (std::size_t i = 0; i < m_values.size(); ++i) {
        const char c = m_values[i];
        if (c == '\\') { // as appendEscaped() writes it
            const char escaped = m_values[++i];
            isNull = escaped == 'N';
            field += escaped == 't' ? '\t' : escaped == 'n' ? '\n' : escaped == 'r' ? '\r' : escaped;
        } else if (c == '\t' || c == '\n') {
            columns[column++].append(isNull ? std::nullopt : db::Param(field));
            field = QByteArray();
            isNull = false;
            if (c == '\n')
                column = first;
        } else {
            field += c;
        }
    }
    QList<db::Param> arrays;
    for (const QList<db::Param>& elements : columns)
        arrays.append(db::arrayParam(elements));
    return arrays;
}

void Batch::stagingCopy(const std::function<void(std::string&&)>& piece) const
{
    // tenant, external_id, entity_type, entity_name, | attribute, value_type, | observed_at, columns | source
    std::vector<std::string> entities;
    entities.reserve(m_entities.size());
    for (const Entity& entity : m_entities) {
        std::string& text = entities.emplace_back(std::to_string(m_tenant));
        text += '\t';
        appendEscaped(text, entity.id);
        text += '\t';
        appendOptional(text, entity.type);
        text += '\t';
        appendOptional(text, entity.name);
        text += '\t';
    }
    std::vector<std::string> attributes;
    attributes.reserve(m_attributes.size());
    for (const Attribute& attribute : m_attributes) {
        std::string& text = attributes.emplace_back();
        appendEscaped(text, attribute.name);
        text += '\t';
        appendInteger(text, static_cast<int>(attribute.type));
        text += '\t';
    }
    std::string tail("\t");
    appendEscaped(tail, m_source);
    tail += '\n';

    constexpr std::size_t pieceSize = 1 << 20;
    std::string out;
    out.reserve(pieceSize + 65'536);
    const char* at = m_values.data();
    const char* const end = at + m_values.size();
    while (at < end) {
        std::size_t entity = 0;
        std::size_t attribute = 0;
        at = std::from_chars(at, end, entity).ptr + 1;
        at = std::from_chars(at, end, attribute).ptr + 1;
        const std::string_view rest(at, static_cast<std::size_t>(end - at));
        const std::size_t line = rest.find('\n'); // newlines of values are escaped
        out.append(entities[entity]).append(attributes[attribute]).append(rest, 0, line).append(tail);
        at += line + 1;
        if (out.size() >= pieceSize) {
            piece(std::move(out));
            out.clear();
            out.reserve(pieceSize + 65'536);
        }
    }
    if (!out.empty())
        piece(std::move(out));
}

const char* nameProblem(std::string_view text, NameKind kind)
{
    if (!isUtf8(text))
        return "not valid UTF-8";
    if (text.find('\0') != std::string_view::npos)
        return "a name with the character NUL (U+0000) cannot be stored";
    const bool mayBeEmpty = kind == NameKind::EntityType || kind == NameKind::EntityName;
    if (text.empty() && !mayBeEmpty)
        return kind == NameKind::Attribute ? "an attribute's name is empty" : "the entity's id is empty";
    const std::size_t limit = kind == NameKind::EntityType ? maxTypeCharacters : maxNameCharacters;
    if (countCharacters(text) > limit)
        return kind == NameKind::Attribute    ? "an attribute's name is longer than 500 characters"
               : kind == NameKind::EntityId   ? "the entity's id is longer than 500 characters"
               : kind == NameKind::EntityName ? "the entity's name is longer than 500 characters"
                                              : "the entity's type is longer than 200 characters";
    return nullptr;
}

} // namespace atlas::ingest
