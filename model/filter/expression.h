// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QMetaType>
#include <QString>
#include <QStringList>

#include <memory>
#include <optional>

#include "model/catalog/valuetype.h"

/// A filter as a value: the one truth behind the builder, the text form, saved filters, SQL and the command
/// line. Plain values, cheap to copy, safe to hand to another thread.
namespace atlas::filter {

/// Persisted by its text form; the numbers are for settings and must not change.
enum class Operator {
    Equal = 1,
    NotEqual = 2, ///< has the attribute and it differs
    Less = 3,
    LessOrEqual = 4,
    Greater = 5,
    GreaterOrEqual = 6,
    Between = 7, ///< both bounds belong to it
    In = 8,
    Contains = 9,
    StartsWith = 10,
    Exists = 11,
    Missing = 12,
    InTheLast = 13, ///< one string: a number and a unit s, min, h, d or w
    Before = 14,    ///< Less for timestamps, kept apart because it is spelled differently
    After = 15,     ///< Greater for timestamps
};

/// As written in the text form: "=", "starts with", "exists".
QString text(Operator op);
/// Least and most number of literals it takes; most is -1 where there is no limit.
struct Arity
{
    int least = 0;
    int most = 0;
};
Arity arity(Operator op);
bool isPossible(Operator op, ValueType type);
/// What a builder offers for the type, in menu order, the most likely one first.
QList<Operator> operatorsFor(ValueType type);

struct Literal
{
    enum class Kind { String = 1, Number = 2, Boolean = 3 };
    Kind kind = Kind::String;
    QString text; ///< the string itself; a number exactly as written; "true" or "false"

    static Literal string(const QString& text) { return {Kind::String, text}; }
    static Literal number(const QString& text) { return {Kind::Number, text}; }
    static Literal boolean(bool value);
    bool operator==(const Literal&) const = default;
};

enum class EntityField { Id = 1, Type = 2, Name = 3 };

/// What a clause is about: a dynamic attribute by its name, or a field of the entity itself.
struct Subject
{
    enum class Kind { Attribute = 1, EntityField = 2 };
    Kind kind = Kind::Attribute;
    QString attribute; ///< empty for a field
    EntityField field = EntityField::Id;

    static Subject ofAttribute(const QString& name) { return {Kind::Attribute, name, EntityField::Id}; }
    static Subject ofEntity(EntityField field) { return {Kind::EntityField, QString(), field}; }
    bool isAttribute() const { return kind == Kind::Attribute; }
    bool operator==(const Subject&) const = default;
};

struct Clause
{
    Subject subject;
    Operator op = Operator::Equal;
    QList<Literal> literals;
    bool enabled = true; ///< off: kept, but as if it were not there

    bool operator==(const Clause&) const = default;
};

enum class GroupKind { All = 1, Any = 2, None = 3 };

class Node;

struct Group
{
    GroupKind kind = GroupKind::All;
    QList<Node> children;
    bool enabled = true;

    bool operator==(const Group& other) const;
};

/// A clause or a group. Immutable and shared: a copy costs a reference count.
class Node
{
public:
    Node(Clause clause);
    Node(Group group);

    bool isClause() const { return m_clause != nullptr; }
    bool isGroup() const { return m_group != nullptr; }
    /// The wrong accessor asserts.
    const Clause& clause() const;
    const Group& group() const;
    bool enabled() const;
    Node withEnabled(bool enabled) const;
    bool operator==(const Node& other) const;

private:
    std::shared_ptr<const Clause> m_clause;
    std::shared_ptr<const Group> m_group;
};

/// Child indexes from the root group down; empty is the root group itself.
using NodePath = QList<int>;

/// A whole filter: a root group. With nothing enabled in it, every entity of the tenant matches.
///
/// A disabled node, and a group without an enabled member, count as if they were not there; so `not (off(a =
/// 1))` restricts nothing.
class Expression
{
public:
    Expression() = default;
    explicit Expression(Group root)
        : m_root(std::move(root))
    {
    }
    /// One clause or one nested group in an all-of root.
    explicit Expression(const Node& node);

    const Group& root() const { return m_root; }
    /// True when there is no node at all.
    bool isEmpty() const { return m_root.children.isEmpty(); }
    /// True when nothing enabled restricts the result: everything matches.
    bool matchesEverything() const;
    /// Names of the attributes in it, each once, in order of appearance; the disabled ones only when asked
    /// for.
    QStringList attributes(bool withDisabled = false) const;
    int clauseCount() const;

    /// The normal form that the text form can express; it means the same. Differs from the tree in these ways
    /// only:
    ///  - a nested group without children is dropped;
    ///  - a nested all-of or any-of group with one child becomes that child (switched off if either was);
    ///  - a none-of group whose only child is an enabled any-of group takes over that group's children;
    ///  - a root with one child that is an enabled all-of or any-of group becomes that group; a root any-of
    ///  with one
    ///    child becomes all-of; a root that is none-of or switched off moves into an all-of root;
    ///  - a literal that says it is a number or a boolean and is not becomes a string; an attribute of an
    ///  entity field
    ///    is cleared.
    /// Nested groups, their order and disabled clauses stay as they were built.
    Expression canonical() const;
    /// The same without what is disabled; canonical.
    Expression enabledOnly() const;

    /// For editing: every call returns a changed copy. A path that does not lead anywhere changes nothing.
    std::optional<Node> at(const NodePath& path) const;
    Expression replaced(const NodePath& path, const Node& node) const;
    Expression removed(const NodePath& path) const;
    /// `path` is where the node will be: its last index may equal the number of children.
    Expression inserted(const NodePath& path, const Node& node) const;
    /// Moves within the tree; `to` is a place in the tree as it was before. Into itself changes nothing.
    Expression moved(const NodePath& from, const NodePath& to) const;
    Expression withRootKind(GroupKind kind) const;

    bool operator==(const Expression&) const = default;

private:
    Group m_root;
};

/// True for what the text form and JSON both read as a number: optional sign, digits with an optional point,
/// optional exponent. Not Infinity, not hexadecimal.
bool isNumberText(QStringView text);

} // namespace atlas::filter

Q_DECLARE_METATYPE(atlas::filter::Expression)
