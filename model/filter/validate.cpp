// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/filter/validate.h"

#include <algorithm>
#include <vector>

#include "model/filter/decimal.h"
#include "model/filter/printer.h"

namespace atlas::filter {

CatalogLookup::~CatalogLookup() = default;
QStringList CatalogLookup::names() const
{
    return {};
}
double CatalogLookup::entitiesTotal() const
{
    return 0;
}
std::shared_ptr<const AttributeStats> CatalogLookup::fieldStats(EntityField) const
{
    return nullptr;
}

namespace {

/// The server stores no NUL and no half surrogate pairs.
bool isStorable(QStringView text)
{
    return text.isValidUtf16() && !text.contains(QChar(0));
}

QString typeWithArticle(ValueType type)
{
    return type == ValueType::Json ? QStringLiteral("JSON") : QStringLiteral("a ") + name(type);
}

class Validator
{
public:
    Validator(const CatalogLookup& catalog, bool withDisabled)
        : m_catalog(catalog)
        , m_withDisabled(withDisabled)
    {
    }

    void check(const Node& node, NodePath& path)
    {
        if (!m_withDisabled && !node.enabled())
            return;
        if (node.isClause()) {
            m_path = path;
            clause(node.clause());
            return;
        }
        const QList<Node>& children = node.group().children;
        for (int i = 0; i < children.size(); ++i) {
            path.append(i);
            check(children.at(i), path);
            path.removeLast();
        }
    }

    QList<Problem> problems;

private:
    void add(Problem::Kind kind, const QString& message, int literal = -1, const QString& suggestion = {})
    {
        Problem problem;
        problem.kind = kind;
        problem.path = m_path;
        problem.literal = literal;
        problem.message = message;
        problem.suggestion = suggestion;
        problems.append(problem);
    }

    void clause(const Clause& clause)
    {
        const QString shown = print(clause.subject);
        ValueType type = ValueType::String;
        if (clause.subject.isAttribute()) {
            if (!isStorable(clause.subject.attribute)) {
                add(Problem::Kind::NotRepresentable, QStringLiteral("no attribute can have this name"));
                return;
            }
            const auto attribute = m_catalog.find(clause.subject.attribute);
            if (!attribute) {
                const QStringList similar = similarNames(clause.subject.attribute, m_catalog.names(), 1);
                QString message = QStringLiteral("there is no attribute %1").arg(shown);
                if (!similar.isEmpty())
                    message += QStringLiteral("; did you mean %1?").arg(quoteName(similar.constFirst()));
                add(Problem::Kind::UnknownAttribute, message, -1, similar.value(0));
                return;
            }
            type = attribute->type;
        }
        if (!isPossible(clause.op, type)) {
            QStringList possible;
            for (const Operator op : operatorsFor(type))
                possible.append(text(op));
            add(Problem::Kind::OperatorNotPossible,
                QStringLiteral("%1 is %2: \u201c%3\u201d is not possible; possible are %4")
                    .arg(shown, typeWithArticle(type), text(clause.op), possible.join(QStringLiteral(", "))));
            return;
        }
        const Arity takes = arity(clause.op);
        const auto count = clause.literals.size();
        if (count < takes.least) {
            add(Problem::Kind::WrongLiteral,
                takes.least == 2 ? QStringLiteral("%1 needs two values").arg(text(clause.op))
                                 : QStringLiteral("%1 %2 needs a value").arg(shown, text(clause.op)));
            return;
        }
        if (takes.most >= 0 && count > takes.most) {
            add(Problem::Kind::WrongLiteral, QStringLiteral("%1 takes fewer values").arg(text(clause.op)));
            return;
        }
        for (int i = 0; i < count; ++i)
            literal(clause, type, i);
    }

    void literal(const Clause& clause, ValueType type, int index)
    {
        const Literal& value = clause.literals.at(index);
        const QString shown = print(clause.subject);
        const auto wrong = [&](const QString& wanted) {
            add(Problem::Kind::WrongLiteral,
                QStringLiteral("%1 is %2: %3, not %4")
                    .arg(shown, typeWithArticle(type), wanted, print(value)),
                index);
        };
        if (value.kind == Literal::Kind::String && !isStorable(value.text)) {
            add(Problem::Kind::NotRepresentable,
                QStringLiteral("the text holds NUL or half of a surrogate pair: nothing stored can equal it"),
                index);
            return;
        }
        switch (type) {
        case ValueType::String:
            if (value.kind != Literal::Kind::String)
                wrong(QStringLiteral("compare it with text in double quotes"));
            break;
        case ValueType::Json:
            if (value.kind != Literal::Kind::String)
                wrong(QStringLiteral("compare it with its JSON text in double quotes"));
            break;
        case ValueType::Boolean:
            if (value.kind != Literal::Kind::Boolean || (value.text != u"true" && value.text != u"false"))
                wrong(QStringLiteral("compare it with true or false"));
            break;
        case ValueType::Number:
            if (value.kind != Literal::Kind::Number)
                wrong(QStringLiteral("compare it with a number without quotes"));
            else
                number(value, index);
            break;
        case ValueType::Timestamp:
            if (clause.op == Operator::InTheLast) {
                if (value.kind != Literal::Kind::String || !parseDuration(value.text))
                    wrong(QStringLiteral("in the last takes a time such as \"7 d\" (s, min, h, d, w)"));
            } else if (value.kind != Literal::Kind::String || !parseTimestamp(value.text)) {
                wrong(QStringLiteral(
                    "compare it with a time such as \"2026-01-01\" or \"2026-01-01T10:30:00+02:00\""));
            }
            break;
        }
    }

    void number(const Literal& value, int index)
    {
        // Limits of the stored numbers: 1,000 significant digits, and numeric's range.
        const auto decimal = Decimal::parse(value.text);
        if (!isNumberText(value.text))
            add(Problem::Kind::WrongLiteral, QStringLiteral("%1 is not a number").arg(value.text), index);
        else if (!decimal || decimal->integerDigits() > 131'072 || decimal->scale() > 16'383 ||
                 decimal->significantDigits() > 1'000)
            add(Problem::Kind::NotRepresentable, QStringLiteral("no stored number has so many digits"),
                index);
    }

    const CatalogLookup& m_catalog;
    bool m_withDisabled;
    NodePath m_path;
};

/// Optimal string alignment distance, given up as soon as it exceeds `limit`.
int editDistance(QStringView a, QStringView b, int limit)
{
    if (std::abs(a.size() - b.size()) > limit)
        return limit + 1;
    const auto width = static_cast<size_t>(b.size()) + 1;
    std::vector<int> before(width), previous(width), row(width);
    for (size_t j = 0; j < width; ++j)
        previous[j] = static_cast<int>(j);
    for (qsizetype i = 1; i <= a.size(); ++i) {
        row[0] = static_cast<int>(i);
        int best = row[0];
        for (qsizetype j = 1; j <= b.size(); ++j) {
            const auto at = static_cast<size_t>(j);
            const int change = a.at(i - 1) == b.at(j - 1) ? 0 : 1;
            row[at] = std::min({row[at - 1] + 1, previous[at] + 1, previous[at - 1] + change});
            if (i > 1 && j > 1 && a.at(i - 1) == b.at(j - 2) && a.at(i - 2) == b.at(j - 1))
                row[at] = std::min(row[at], before[at - 2] + 1);
            best = std::min(best, row[at]);
        }
        if (best > limit)
            return limit + 1;
        std::swap(before, previous);
        std::swap(previous, row);
    }
    return previous[width - 1];
}

} // namespace

QStringList similarNames(const QString& name, const QStringList& names, int most)
{
    struct Candidate
    {
        int score;
        QString name;
    };
    std::vector<Candidate> candidates;
    const QString lower = name.toLower();
    const int limit = static_cast<int>(qBound(qsizetype(1), lower.size() / 3, qsizetype(4)));
    for (const QString& other : names) {
        const QString otherLower = other.toLower();
        int score = editDistance(lower, otherLower, limit);
        if (score > limit) {
            const bool related = lower.size() >= 3 && otherLower.size() >= 3 &&
                                 (otherLower.contains(lower) || lower.contains(otherLower));
            if (!related)
                continue;
            score = limit + 1 + static_cast<int>(std::abs(lower.size() - otherLower.size()));
        }
        candidates.push_back({score, other});
    }
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
        return a.score != b.score ? a.score < b.score : a.name < b.name;
    });
    QStringList best;
    for (const Candidate& candidate : candidates) {
        if (best.size() == most)
            break;
        best.append(candidate.name);
    }
    return best;
}

QList<Problem> validate(const Expression& expression, const CatalogLookup& catalog, bool withDisabled)
{
    Validator validator(catalog, withDisabled);
    NodePath path;
    validator.check(Node(expression.root()), path);
    return validator.problems;
}

QList<Problem> validate(const ParseResult& parsed, const CatalogLookup& catalog, bool withDisabled)
{
    QList<Problem> problems = validate(parsed.expression, catalog, withDisabled);
    for (Problem& problem : problems) {
        for (const ClauseSource& source : parsed.sources) {
            if (source.path != problem.path)
                continue;
            SourceRange range = source.whole;
            if (problem.kind == Problem::Kind::UnknownAttribute)
                range = source.subject;
            else if (problem.kind == Problem::Kind::OperatorNotPossible)
                range = source.op;
            else if (problem.literal >= 0 && problem.literal < source.literals.size())
                range = source.literals.at(problem.literal);
            problem.position = range.position;
            problem.length = range.length;
        }
    }
    return problems;
}

} // namespace atlas::filter
