// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/expression.h"

#include <utility>

namespace atlas::filter {

QString text(Operator op)
{
    switch (op) {
    case Operator::Equal:
        return QStringLiteral("=");
    case Operator::NotEqual:
        return QStringLiteral("!=");
    case Operator::Less:
        return QStringLiteral("<");
    case Operator::LessOrEqual:
        return QStringLiteral("<=");
    case Operator::Greater:
        return QStringLiteral(">");
    case Operator::GreaterOrEqual:
        return QStringLiteral(">=");
    case Operator::Between:
        return QStringLiteral("between");
    case Operator::In:
        return QStringLiteral("in");
    case Operator::Contains:
        return QStringLiteral("contains");
    case Operator::StartsWith:
        return QStringLiteral("starts with");
    case Operator::Exists:
        return QStringLiteral("exists");
    case Operator::Missing:
        return QStringLiteral("missing");
    case Operator::InTheLast:
        return QStringLiteral("in the last");
    case Operator::Before:
        return QStringLiteral("before");
    case Operator::After:
        return QStringLiteral("after");
    }
    return {};
}

Arity arity(Operator op)
{
    switch (op) {
    case Operator::Exists:
    case Operator::Missing:
        return {0, 0};
    case Operator::Between:
        return {2, 2};
    case Operator::In:
        return {1, -1};
    default:
        return {1, 1};
    }
}

QList<Operator> operatorsFor(ValueType type)
{
    using enum Operator;
    switch (type) {
    case ValueType::String:
        return {Equal,   NotEqual,       In,      Contains, StartsWith, Less, LessOrEqual,
                Greater, GreaterOrEqual, Between, Exists,   Missing};
    case ValueType::Number:
        return {Equal, NotEqual, Greater, GreaterOrEqual, Less, LessOrEqual, Between, In, Exists, Missing};
    case ValueType::Boolean:
        return {Equal, NotEqual, Exists, Missing};
    case ValueType::Timestamp:
        return {InTheLast,   Before,  After,          Between, Equal,  NotEqual, Less,
                LessOrEqual, Greater, GreaterOrEqual, In,      Exists, Missing};
    case ValueType::Json:
        return {Contains, Equal, NotEqual, Exists, Missing};
    }
    return {};
}

bool isPossible(Operator op, ValueType type)
{
    return operatorsFor(type).contains(op);
}

Literal Literal::boolean(bool value)
{
    return {Kind::Boolean, value ? QStringLiteral("true") : QStringLiteral("false")};
}

bool Group::operator==(const Group& other) const
{
    return kind == other.kind && enabled == other.enabled && children == other.children;
}

Node::Node(Clause clause)
    : m_clause(std::make_shared<const Clause>(std::move(clause)))
{
}
Node::Node(Group group)
    : m_group(std::make_shared<const Group>(std::move(group)))
{
}

const Clause& Node::clause() const
{
    Q_ASSERT(m_clause);
    return *m_clause;
}

const Group& Node::group() const
{
    Q_ASSERT(m_group);
    return *m_group;
}

bool Node::enabled() const
{
    return isClause() ? clause().enabled : group().enabled;
}

Node Node::withEnabled(bool enabled) const
{
    if (enabled == this->enabled())
        return *this;
    if (m_clause) {
        Clause copy = *m_clause;
        copy.enabled = enabled;
        return Node(std::move(copy));
    }
    Group copy = *m_group;
    copy.enabled = enabled;
    return Node(std::move(copy));
}

bool Node::operator==(const Node& other) const
{
    if (isClause() != other.isClause())
        return false;
    if (isClause())
        return m_clause == other.m_clause || *m_clause == *other.m_clause;
    return m_group == other.m_group || *m_group == *other.m_group;
}

namespace {

Clause canonicalClause(Clause clause)
{
    if (!clause.subject.isAttribute())
        clause.subject.attribute.clear();
    else
        clause.subject.field = EntityField::Id;
    for (Literal& literal : clause.literals) {
        const bool wrong =
            (literal.kind == Literal::Kind::Number && !isNumberText(literal.text)) ||
            (literal.kind == Literal::Kind::Boolean && literal.text != u"true" && literal.text != u"false");
        if (wrong)
            literal.kind = Literal::Kind::String;
    }
    return clause;
}

std::optional<Node> canonicalNode(const Node& node)
{
    if (node.isClause())
        return Node(canonicalClause(node.clause()));
    Group group;
    group.kind = node.group().kind;
    group.enabled = node.group().enabled;
    for (const Node& child : node.group().children) {
        if (const auto canonical = canonicalNode(child))
            group.children.append(*canonical);
    }
    if (group.children.isEmpty())
        return std::nullopt;
    if (group.children.size() == 1) {
        const Node only = group.children.constFirst();
        if (group.kind != GroupKind::None)
            return only.withEnabled(only.enabled() && group.enabled);
        if (only.isGroup() && only.enabled() && only.group().kind == GroupKind::Any)
            group.children = only.group().children;
    }
    return Node(std::move(group));
}

/// A root is an all-of or any-of group that is switched on.
Group asRoot(const std::optional<Node>& node)
{
    if (!node)
        return {};
    if (node->isGroup() && node->enabled() && node->group().kind != GroupKind::None)
        return node->group();
    return Group{GroupKind::All, {*node}, true};
}

std::optional<Node> enabledNode(const Node& node)
{
    if (!node.enabled())
        return std::nullopt;
    if (node.isClause())
        return node;
    Group group{node.group().kind, {}, true};
    for (const Node& child : node.group().children) {
        if (const auto kept = enabledNode(child))
            group.children.append(*kept);
    }
    if (group.children.isEmpty())
        return std::nullopt;
    return Node(std::move(group));
}

void collectAttributes(const Node& node, bool withDisabled, QStringList& names)
{
    if (!withDisabled && !node.enabled())
        return;
    if (node.isClause()) {
        const Subject& subject = node.clause().subject;
        if (subject.isAttribute() && !names.contains(subject.attribute))
            names.append(subject.attribute);
        return;
    }
    for (const Node& child : node.group().children)
        collectAttributes(child, withDisabled, names);
}

int countClauses(const Node& node)
{
    if (node.isClause())
        return 1;
    int count = 0;
    for (const Node& child : node.group().children)
        count += countClauses(child);
    return count;
}

bool validIndex(const Group& group, int index)
{
    return index >= 0 && index < group.children.size();
}

/// Rebuilds the path down to a group and lets `change` alter that group's children.
template<class Change>
std::optional<Group> changeGroup(const Group& group, const NodePath& path, qsizetype depth,
                                 const Change& change)
{
    Group copy = group;
    if (depth == path.size()) {
        if (!change(copy))
            return std::nullopt;
        return copy;
    }
    const int index = path.at(depth);
    if (!validIndex(group, index) || !group.children.at(index).isGroup())
        return std::nullopt;
    const auto changed = changeGroup(group.children.at(index).group(), path, depth + 1, change);
    if (!changed)
        return std::nullopt;
    copy.children[index] = Node(*changed);
    return copy;
}

template<class Change>
Expression changedParent(const Expression& expression, const NodePath& path, const Change& change)
{
    if (path.isEmpty())
        return expression;
    const auto root = changeGroup(expression.root(), path.first(path.size() - 1), 0, change);
    return root ? Expression(*root) : expression;
}

bool isPrefix(const NodePath& prefix, const NodePath& path)
{
    return prefix.size() <= path.size() && path.first(prefix.size()) == prefix;
}

} // namespace

Expression::Expression(const Node& node)
    : m_root{GroupKind::All, {node}, true}
{
}

bool Expression::matchesEverything() const
{
    return enabledOnly().isEmpty();
}

QStringList Expression::attributes(bool withDisabled) const
{
    QStringList names;
    if (withDisabled || m_root.enabled) {
        for (const Node& child : m_root.children)
            collectAttributes(child, withDisabled, names);
    }
    return names;
}

int Expression::clauseCount() const
{
    int count = 0;
    for (const Node& child : m_root.children)
        count += countClauses(child);
    return count;
}

Expression Expression::canonical() const
{
    return Expression(asRoot(canonicalNode(Node(m_root))));
}

Expression Expression::enabledOnly() const
{
    const auto kept = enabledNode(Node(m_root));
    return kept ? Expression(asRoot(canonicalNode(*kept))) : Expression();
}

std::optional<Node> Expression::at(const NodePath& path) const
{
    Node node(m_root);
    for (const int index : path) {
        if (!node.isGroup() || !validIndex(node.group(), index))
            return std::nullopt;
        const Node child = node.group().children.at(index);
        node = child;
    }
    return node;
}

Expression Expression::replaced(const NodePath& path, const Node& node) const
{
    if (path.isEmpty())
        return node.isGroup() ? Expression(node.group()) : Expression(node);
    return changedParent(*this, path, [&](Group& parent) {
        if (!validIndex(parent, path.constLast()))
            return false;
        parent.children[path.constLast()] = node;
        return true;
    });
}

Expression Expression::removed(const NodePath& path) const
{
    return changedParent(*this, path, [&](Group& parent) {
        if (!validIndex(parent, path.constLast()))
            return false;
        parent.children.removeAt(path.constLast());
        return true;
    });
}

Expression Expression::inserted(const NodePath& path, const Node& node) const
{
    return changedParent(*this, path, [&](Group& parent) {
        if (path.constLast() < 0 || path.constLast() > parent.children.size())
            return false;
        parent.children.insert(path.constLast(), node);
        return true;
    });
}

Expression Expression::moved(const NodePath& from, const NodePath& to) const
{
    const auto node = at(from);
    if (!node || from.isEmpty() || to.isEmpty() || isPrefix(from, to))
        return *this;
    const Expression without = removed(from);
    // Taking the node out shifts what stood behind it in the same group.
    NodePath target = to;
    const qsizetype depth = from.size() - 1;
    if (to.size() > depth && to.first(depth) == from.first(depth) && to.at(depth) > from.at(depth))
        target[depth] -= 1;
    const Expression result = without.inserted(target, *node);
    return result == without ? *this : result;
}

Expression Expression::withRootKind(GroupKind kind) const
{
    Group copy = m_root;
    copy.kind = kind;
    return Expression(std::move(copy));
}

bool isNumberText(QStringView text)
{
    qsizetype at = 0;
    const auto digits = [&] {
        const qsizetype start = at;
        while (at < text.size() && text.at(at) >= u'0' && text.at(at) <= u'9')
            ++at;
        return at - start;
    };
    if (at < text.size() && (text.at(at) == u'-' || text.at(at) == u'+'))
        ++at;
    const qsizetype whole = digits();
    if (at < text.size() && text.at(at) == u'.') {
        ++at;
        if (digits() == 0)
            return false;
    } else if (whole == 0) {
        return false;
    }
    if (at < text.size() && (text.at(at) == u'e' || text.at(at) == u'E')) {
        ++at;
        if (at < text.size() && (text.at(at) == u'-' || text.at(at) == u'+'))
            ++at;
        if (digits() == 0)
            return false;
    }
    return at == text.size() && !text.isEmpty();
}

} // namespace atlas::filter
