// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/printer.h"

#include "model/filter/lexer_p.h"

namespace atlas::filter {

namespace {

/// Characters that cannot be seen, or that reorder what is seen, are shown as escapes. The two joiners are
/// part of ordinary writing (emoji, Persian) and stay.
bool needsEscape(char32_t c)
{
    if (c == 0x200C || c == 0x200D)
        return false;
    switch (QChar::category(c)) {
    case QChar::Other_Control:
    case QChar::Other_Format:
    case QChar::Other_Surrogate:
    case QChar::Separator_Line:
    case QChar::Separator_Paragraph:
        return true;
    default:
        return false;
    }
}

QString quotedText(QStringView text, QChar quote)
{
    QString out;
    out.reserve(text.size() + 2);
    out += quote;
    for (qsizetype at = 0; at < text.size();) {
        int units = 1;
        const char32_t c = lexer::codePointAt(text, at, &units);
        if (c == quote.unicode() || c == U'\\') {
            out += u'\\';
            out += QChar(static_cast<char16_t>(c));
        } else if (c == U'\n') {
            out += QStringLiteral("\\n");
        } else if (c == U'\t') {
            out += QStringLiteral("\\t");
        } else if (c == U'\r') {
            out += QStringLiteral("\\r");
        } else if (needsEscape(c)) {
            for (int i = 0; i < units; ++i)
                out += QStringLiteral("\\u%1").arg(static_cast<uint>(text.at(at + i).unicode()), 4, 16,
                                                   QLatin1Char('0'));
        } else {
            out += text.sliced(at, units);
        }
        at += units;
    }
    out += quote;
    return out;
}

QString literals(const Clause& clause, const QString& separator)
{
    QStringList texts;
    for (const Literal& literal : clause.literals)
        texts.append(print(literal));
    return texts.join(separator);
}

QString clauseText(const Clause& clause)
{
    const QString subject = print(clause.subject);
    switch (clause.op) {
    case Operator::Exists:
    case Operator::Missing:
        return text(clause.op) + u'(' + subject + u')';
    case Operator::In:
        return subject + QStringLiteral(" in (") + literals(clause, QStringLiteral(", ")) + u')';
    case Operator::Between:
        return subject + QStringLiteral(" between ") + literals(clause, QStringLiteral(" and "));
    default:
        return subject + u' ' + text(clause.op) + u' ' + literals(clause, QStringLiteral(" "));
    }
}

/// A list of values is one place.
Node withoutValues(const Node& node)
{
    if (node.isClause()) {
        Clause clause = node.clause();
        if (clause.op == Operator::In)
            clause.literals = clause.literals.mid(0, 1);
        for (Literal& literal : clause.literals)
            literal = Literal::string(QStringLiteral("?"));
        return clause;
    }
    Group group = node.group();
    for (Node& child : group.children)
        child = withoutValues(child);
    return group;
}

QString canonicalText(const Node& node);

QString joined(const Group& group)
{
    QStringList parts;
    for (const Node& child : group.children)
        parts.append(canonicalText(child));
    return parts.join(group.kind == GroupKind::All ? QStringLiteral(" and ") : QStringLiteral(" or "));
}

QString negated(const Group& group)
{
    if (group.children.size() == 1) {
        const Node& only = group.children.constFirst();
        const bool closesItself = !only.enabled() ||
                                  (only.isGroup() && only.group().kind != GroupKind::None) ||
                                  (only.isClause() && arity(only.clause().op).most == 0);
        if (closesItself)
            return QStringLiteral("not ") + canonicalText(only);
    }
    return QStringLiteral("not (") + joined(group) + u')';
}

QString canonicalText(const Node& node)
{
    QString inner;
    if (node.isClause())
        inner = clauseText(node.clause());
    else if (node.group().kind == GroupKind::None)
        inner = negated(node.group());
    else
        inner = joined(node.group());
    if (!node.enabled())
        return QStringLiteral("off(") + inner + u')';
    if (node.isGroup() && node.group().kind != GroupKind::None)
        return u'(' + inner + u')';
    return inner;
}

} // namespace

QString quoteName(QStringView name)
{
    bool bare = !name.isEmpty() && !lexer::isKeyword(name) && !lexer::entityField(name);
    for (qsizetype at = 0; bare && at < name.size();) {
        int units = 1;
        const char32_t c = lexer::codePointAt(name, at, &units);
        bare = at == 0 ? lexer::isNameStart(c) : lexer::isNameCharacter(c);
        at += units;
    }
    return bare ? name.toString() : quotedText(name, u'`');
}

QString quoteString(QStringView string)
{
    return quotedText(string, u'"');
}

QString print(const Subject& subject)
{
    if (subject.isAttribute())
        return quoteName(subject.attribute);
    switch (subject.field) {
    case EntityField::Id:
        return QStringLiteral("entity.id");
    case EntityField::Type:
        return QStringLiteral("entity.type");
    case EntityField::Name:
        return QStringLiteral("entity.name");
    }
    return {};
}

QString print(const Literal& literal)
{
    return literal.kind == Literal::Kind::String ? quoteString(literal.text) : literal.text;
}

QString print(const Node& node)
{
    const Expression canonical = Expression(node).canonical();
    if (canonical.isEmpty())
        return {};
    const Group& root = canonical.root();
    if (root.children.size() == 1)
        return canonicalText(root.children.constFirst());
    return canonicalText(Node(root));
}

QString print(const Expression& expression)
{
    return joined(expression.canonical().root());
}

QString shape(const Expression& expression)
{
    const Node bare = withoutValues(Node(expression.enabledOnly().root()));
    return print(Expression(bare.group())).replace(QStringLiteral("\"?\""), QStringLiteral("?"));
}

} // namespace atlas::filter
