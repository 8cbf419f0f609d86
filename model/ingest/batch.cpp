// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/batch.h"

#include <QCryptographicHash>
#include <QUuid>

#include <array>
#include <charconv>

#include "db/arrayliteral.h"

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

void addText(db::ArrayLiteral& array, const std::optional<std::string>& text)
{
    if (text)
        array.addText(*text);
    else
        array.addNull();
}

/// What appendEscaped() wrote, back again.
void unescape(std::string_view escaped, std::string& out)
{
    out.clear();
    for (std::size_t i = 0; i < escaped.size(); ++i) {
        char c = escaped[i];
        if (c == '\\') {
            c = escaped[++i];
            c = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
        }
        out += c;
    }
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
    std::array<db::ArrayLiteral, 12> arrays;
    for (const Entity& entity : m_entities) {
        arrays[0].addText(entity.id);
        addText(arrays[1], entity.type);
        addText(arrays[2], entity.name);
    }
    for (const Attribute& attribute : m_attributes) {
        arrays[3].addText(attribute.name);
        arrays[4].addPlain(std::to_string(static_cast<int>(attribute.type)));
    }
    // entity, attribute, time, number, text, exact number, long text
    constexpr std::size_t first = 5;
    constexpr std::size_t text = first + 4;
    constexpr std::size_t longText = first + 6;
    std::string unescaped;
    std::size_t column = first;
    for (std::size_t at = 0; at < m_values.size(); ++at) {
        const std::size_t begin = at;
        while (m_values[at] != '\t' && m_values[at] != '\n') // those of values are escaped
            ++at;
        const std::string_view field(m_values.data() + begin, at - begin);
        db::ArrayLiteral& array = arrays[column];
        if (field == "\\N") {
            array.addNull();
        } else if (column == text || column == longText) {
            unescape(field, unescaped);
            array.addText(unescaped);
        } else {
            array.addPlain(field);
        }
        column = m_values[at] == '\n' ? first : column + 1;
    }
    QList<db::Param> params;
    for (const db::ArrayLiteral& array : arrays)
        params.append(array.holdsValues() ? array.literal() : QByteArrayLiteral("{}"));
    return params;
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
