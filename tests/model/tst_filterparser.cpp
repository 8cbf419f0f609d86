// SPDX-License-Identifier: GPL-3.0-or-later
// Text form of filters: grammar, error positions, print-then-parse, highlighting, completion.
#include <QElapsedTimer>
#include <QTest>

#include "model/filter/parser.h"
#include "model/filter/printer.h"
#include "tests/support/nastystrings.h"
#include "tests/support/randomfilter.h"

using namespace atlas;
using namespace atlas::filter;

namespace {

Clause attribute(const QString& name, Operator op, const QList<Literal>& literals = {}, bool enabled = true)
{
    return {Subject::ofAttribute(name), op, literals, enabled};
}

Node group(GroupKind kind, const QList<Node>& children, bool enabled = true)
{
    return Node(Group{kind, children, enabled});
}

Expression all(const QList<Node>& children)
{
    return Expression(Group{GroupKind::All, children, true});
}

/// The tree as text, to compare with: All(a, Any(b, c)); ~ marks what is off.
QString tree(const Node& node)
{
    const QString off = node.enabled() ? QString() : QStringLiteral("~");
    if (node.isClause()) {
        const Clause& clause = node.clause();
        QString out = off + (clause.subject.isAttribute()
                                 ? clause.subject.attribute
                                 : u'@' + QString::number(static_cast<int>(clause.subject.field)));
        out += u' ' + text(clause.op);
        for (const Literal& literal : clause.literals)
            out += QStringLiteral(" %1:%2").arg(static_cast<int>(literal.kind)).arg(literal.text);
        return out;
    }
    static const char* const names[] = {"All", "Any", "None"};
    QStringList parts;
    for (const Node& child : node.group().children)
        parts.append(tree(child));
    return off + QLatin1String(names[static_cast<int>(node.group().kind) - 1]) + u'(' +
           parts.join(QStringLiteral(", ")) + u')';
}

QString tree(const Expression& expression)
{
    return tree(Node(expression.root()));
}

QList<test::RandomSubject> nastySubjects()
{
    QList<test::RandomSubject> subjects;
    const QStringList values = test::nastyStrings() + test::longStrings();
    for (const QString& name : test::nastyStrings())
        subjects.append({Subject::ofAttribute(name), ValueType::String, values});
    subjects.append({Subject::ofAttribute(QStringLiteral("n")),
                     ValueType::Number,
                     {QStringLiteral("0"), QStringLiteral("-1.5"), QStringLiteral("1e400"),
                      QStringLiteral("0.1E-7"), QStringLiteral("12345678901234567890")}});
    subjects.append(
        {Subject::ofAttribute(QStringLiteral("flag")), ValueType::Boolean, {QStringLiteral("true")}});
    subjects.append(
        {Subject::ofAttribute(QStringLiteral("seen")), ValueType::Timestamp, {QStringLiteral("2026-01-01")}});
    subjects.append({Subject::ofEntity(EntityField::Id), ValueType::String, values});
    subjects.append({Subject::ofEntity(EntityField::Type), ValueType::String, values});
    subjects.append({Subject::ofEntity(EntityField::Name), ValueType::String, values});
    return subjects;
}

} // namespace

class TestFilterParser : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void parses_data();
    void parses();
    void errors_data();
    void errors();
    void canonicalText_data();
    void canonicalText();
    void shapesHoldNoValue();
    void nastyNamesAndStrings();
    void randomTreesSurviveTheirText();
    void mutatedTextNeverCrashes();
    void deepNestingIsAnError();
    void longTextIsLinear();
    void sourcesPointAtTheClauses();
    void lineAndColumn();
    void tokensCoverEverything();
    void tokenKinds();
    void completion_data();
    void completion();
    void editing();
    void moving_data();
    void moving();
    void whatIsOffIsNotThere();
};

void TestFilterParser::parses_data()
{
    QTest::addColumn<QString>("input");
    QTest::addColumn<QString>("expected");
    QTest::newRow("empty") << QString() << "All()";
    QTest::newRow("blank") << " \t\n "
                           << "All()";
    QTest::newRow("one") << "status = \"active\""
                         << "All(status = 1:active)";
    QTest::newRow("the issue's example") << "status = \"active\" and (region in (\"eu-1\",\"eu-2\") or "
                                            "firmware starts with \"1.2\") and temperature > 80 "
                                            "and not exists(door_open) and last_service before \"2026-01-01\""
                                         << "All(status = 1:active, Any(region in 1:eu-1 1:eu-2, firmware "
                                            "starts with 1:1.2), temperature > 2:80, "
                                            "None(door_open exists), last_service before 1:2026-01-01)";
    QTest::newRow("and binds tighter") << "a = 1 or b = 2 and c = 3"
                                       << "Any(a = 2:1, All(b = 2:2, c = 2:3))";
    QTest::newRow("not binds tightest") << "not a = 1 and b = 2"
                                        << "All(None(a = 2:1), b = 2:2)";
    QTest::newRow("not of a group") << "not (a = 1 or b = 2)"
                                    << "All(None(a = 2:1, b = 2:2))";
    QTest::newRow("not of all") << "not (a = 1 and b = 2)"
                                << "All(None(All(a = 2:1, b = 2:2)))";
    QTest::newRow("not not") << "not not a = 1"
                             << "All(None(None(a = 2:1)))";
    QTest::newRow("nested groups stay") << "a = 1 and (b = 2 and c = 3)"
                                        << "All(a = 2:1, All(b = 2:2, c = 2:3))";
    QTest::newRow("redundant parentheses go") << "((a = 1)) and ((b = 2))"
                                              << "All(a = 2:1, b = 2:2)";
    QTest::newRow("whole in parentheses") << "(a = 1 or b = 2)"
                                          << "Any(a = 2:1, b = 2:2)";
    QTest::newRow("off clause") << "off(a = 1) and b = 2"
                                << "All(~a = 2:1, b = 2:2)";
    QTest::newRow("off group") << "off(a = 1 or b = 2)"
                               << "All(~Any(a = 2:1, b = 2:2))";
    QTest::newRow("off not") << "off(not a = 1)"
                             << "All(~None(a = 2:1))";
    QTest::newRow("off off") << "off(off(a = 1))"
                             << "All(~a = 2:1)";
    QTest::newRow("keywords in any case")
        << "NOT Exists(a) AND b IN (1) oR c Between 1 aNd 2 and d STARTS With \"x\" and e = TRUE"
        << "Any(All(None(a exists), b in 2:1), All(c between 2:1 2:2, d starts with 1:x, e = 3:true))";
    QTest::newRow("every spelling")
        << "a == 1 and b <> 2 and c \u2264 3 and d \u2265 4 and e \u2260 5 and f != 6"
        << "All(a = 2:1, b != 2:2, c <= 2:3, d >= 2:4, e != 2:5, f != 2:6)";
    QTest::newRow("no space needed") << "a>=1and b<-2"
                                     << "error";
    QTest::newRow("tight") << "a>=1 and b<-2 and c=\"x\"and d=true"
                           << "All(a >= 2:1, b < 2:-2, c = 1:x, d = 3:true)";
    QTest::newRow("names") << "a-b = 1 and a.b:c_d = 2 and _x = 3 and 2nd_axle = 4 and 5-3 = 5 and e5 = 6"
                           << "All(a-b = 2:1, a.b:c_d = 2:2, _x = 2:3, 2nd_axle = 2:4, 5-3 = 2:5, e5 = 2:6)";
    QTest::newRow("unicode names")
        << "\u6e29\u5ea6 > 1 and \u0442\u0435\u043c\u043f = 2 and \u0939\u093f\u0928\u094d\u0926\u0940 = 3"
        << "All(\u6e29\u5ea6 > 2:1, \u0442\u0435\u043c\u043f = 2:2, \u0939\u093f\u0928\u094d\u0926\u0940 = "
           "2:3)";
    QTest::newRow("quoted names") << "`door open` = 1 and `a``b` = 2 and `a\\`b\\\\` = 3 and `and` = 4"
                                  << "All(door open = 2:1, a`b = 2:2, a`b\\ = 2:3, and = 2:4)";
    QTest::newRow("words that are only sometimes keywords")
        << "off = 1 and exists = 2 and before before \"2026-01-01\" and in in (1)"
        << "All(off = 2:1, exists = 2:2, before before 1:2026-01-01, in in 2:1)";
    QTest::newRow("entity fields")
        << "entity.id = \"a\" and Entity.Type != \"b\" and entity.name contains \"c\" and `entity.id` = 1"
        << "All(@1 = 1:a, @2 != 1:b, @3 contains 1:c, entity.id = 2:1)";
    QTest::newRow("exists of a field") << "exists(entity.name)"
                                       << "All(@3 exists)";
    QTest::newRow("numbers") << "a in (0, -1, +2, 3.50, .5, -.5e-7, 1E400, 9007199254740993)"
                             << "All(a in 2:0 2:-1 2:+2 2:3.50 2:.5 2:-.5e-7 2:1E400 2:9007199254740993)";
    QTest::newRow("escapes") << R"(a = "\"\\\n\t\r\u00e9\ud83d\ude00\/")"
                             << "All(a = 1:\"\\\n\t\r\u00e9\U0001F600/)";
    QTest::newRow("raw characters in strings") << "a = \"line\nbreak \U0001F600 `'%$1\""
                                               << "All(a = 1:line\nbreak \U0001F600 `'%$1)";
    QTest::newRow("empty list") << "a in ()"
                                << "All(a in)";
    QTest::newRow("in the last") << "seen in the last \"7 d\" and seen after \"2026-01-01\""
                                 << "All(seen in the last 1:7 d, seen after 1:2026-01-01)";
    QTest::newRow("missing") << "missing(`a b`)"
                             << "All(a b missing)";
}

void TestFilterParser::parses()
{
    QFETCH(QString, input);
    QFETCH(QString, expected);
    const ParseResult result = parse(input);
    if (expected == u"error") {
        QVERIFY(!result.ok());
        return;
    }
    QVERIFY2(result.ok(), result.ok() ? "" : qPrintable(result.error->message));
    QCOMPARE(tree(result.expression), expected);
    QCOMPARE(tree(result.expression.canonical()), expected);
    QCOMPARE(result.sources.size(), result.expression.clauseCount());
}

void TestFilterParser::errors_data()
{
    QTest::addColumn<QString>("input");
    QTest::addColumn<int>("position");
    QTest::addColumn<int>("length");
    QTest::addColumn<QString>("inMessage");
    QTest::addColumn<QString>("expected");
    QTest::newRow("name only") << "status" << 6 << 0 << "operator is missing"
                               << "operator";
    QTest::newRow("no value") << "status = " << 9 << 0 << "value is missing"
                              << "string";
    QTest::newRow("bare value") << "status = active" << 9 << 6 << "\"active\""
                                << "string";
    QTest::newRow("quoted-name value") << "status = `active`" << 9 << 8 << "double quotes"
                                       << "string";
    QTest::newRow("single quotes") << "status = 'active'" << 9 << 1 << "double quotes"
                                   << "string";
    QTest::newRow("smart quotes") << "status = \u201cactive\u201d" << 9 << 1 << "double quotes"
                                  << "string";
    QTest::newRow("open string") << "a = 1 and status = \"act" << 19 << 4 << "closing double quote"
                                 << "string";
    QTest::newRow("open name") << "a = 1 and `act" << 10 << 4 << "closing backquote"
                               << "name";
    QTest::newRow("empty name") << "`` = 1" << 0 << 2 << "empty"
                                << "name";
    QTest::newRow("dangling and") << "a = 1 and" << 9 << 0 << "condition is missing"
                                  << "name";
    QTest::newRow("leading and") << "and a = 1" << 0 << 3 << "backquotes"
                                 << "name";
    QTest::newRow("two operators") << "a = = 1" << 4 << 1 << "value was expected"
                                   << "number";
    QTest::newRow("missing connective") << "a = 1 b = 2" << 6 << 1 << "and, or or the end"
                                        << "and";
    QTest::newRow("never closed") << "(a = 1 or (b = 2)" << 0 << 1 << "never closed"
                                  << ")";
    QTest::newRow("never opened") << "a = 1) and b = 2" << 5 << 1 << "never opened"
                                  << "and";
    QTest::newRow("empty parentheses") << "a = 1 and ()" << 11 << 1 << "condition was expected"
                                       << "name";
    QTest::newRow("list without comma") << "a in (1 2)" << 8 << 1 << ", or ) was expected"
                                        << ",";
    QTest::newRow("list never closed") << "a in (1, 2" << 5 << 1 << "never closed"
                                       << ")";
    QTest::newRow("trailing comma") << "a in (1,)" << 8 << 1 << "value was expected"
                                    << "number";
    QTest::newRow("in without list") << "a in 1" << 5 << 1 << "list"
                                     << "(";
    QTest::newRow("between without and") << "a between 1, 2" << 11 << 1 << "two values"
                                         << "and";
    QTest::newRow("starts without with") << "a starts \"x\"" << 9 << 3 << "starts with"
                                         << "with";
    QTest::newRow("in the") << "a in the \"7 d\"" << 9 << 5 << "in the last"
                            << "last";
    QTest::newRow("exists without parentheses") << "exists door" << 7 << 4 << "exists(name)"
                                                << "(";
    QTest::newRow("not in") << "a not in (1)" << 2 << 3 << "before the whole"
                            << "operator";
    QTest::newRow("is null") << "a is null" << 2 << 2 << "missing(name)"
                             << "operator";
    QTest::newRow("like") << "a like \"x%\"" << 2 << 4 << "contains"
                          << "operator";
    QTest::newRow("unknown escape") << "a = \"x\\qy\"" << 6 << 2 << "not an escape"
                                    << "string";
    QTest::newRow("short escape") << "a = \"\\u12\"" << 5 << 2 << "four hexadecimal"
                                  << "string";
    QTest::newRow("half a pair") << "a = \"\\ud800x\"" << 5 << 6 << "surrogate"
                                 << "string";
    QTest::newRow("wrong pair") << "a = \"\\ud800\\u0041\"" << 5 << 6 << "surrogate"
                                << "string";
    QTest::newRow("nul") << "a = \"x\\u0000\"" << 6 << 6 << "NUL"
                         << "string";
    QTest::newRow("nul in a name") << "`a\\u0000` = 1" << 2 << 6 << "NUL"
                                   << "name";
    QTest::newRow("stray character") << "a = 1 ; b = 2" << 6 << 1 << "no place"
                                     << "and";
    QTest::newRow("ampersands") << "a = 1 && b = 2" << 6 << 1 << "write and"
                                << "and";
    QTest::newRow("bang") << "!(a = 1)" << 0 << 1 << "not ("
                          << "name";
    QTest::newRow("after an emoji, in code units") << "a = \"\U0001F600\" x" << 9 << 1 << "and, or"
                                                   << "or";
    QTest::newRow("emoji outside") << "a = \U0001F600" << 4 << 2 << "no place"
                                   << "string";
    QTest::newRow("name with space") << "door open = 1" << 5 << 4 << "operator was expected"
                                     << "operator";
    QTest::newRow("string first") << "\"a\" = 1" << 0 << 3 << "backquotes"
                                  << "name";
    QTest::newRow("off of nothing") << "off()" << 4 << 1 << "condition was expected"
                                    << "name";
    QTest::newRow("unquoted date") << "a before 2026-01-01" << 9 << 10 << "\"2026-01-01\""
                                   << "string";
    QTest::newRow("Turkish i is no keyword") << "ex\u0131sts(a)" << 6 << 1 << "operator was expected"
                                             << "operator";
    QTest::newRow("long s is no keyword") << "a \u017ftarts with \"x\"" << 2 << 6 << "operator was expected"
                                          << "operator";
}

void TestFilterParser::errors()
{
    QFETCH(QString, input);
    QFETCH(int, position);
    QFETCH(int, length);
    QFETCH(QString, inMessage);
    QFETCH(QString, expected);
    const ParseResult result = parse(input);
    QVERIFY(!result.ok());
    QVERIFY(result.expression.isEmpty());
    const QString said = result.error->message;
    QVERIFY2(said.contains(inMessage), qPrintable(said));
    QCOMPARE(result.error->position, position);
    QCOMPARE(result.error->length, length);
    QVERIFY2(result.error->expected.contains(expected), qPrintable(result.error->expected.join(u'|')));
}

void TestFilterParser::canonicalText_data()
{
    QTest::addColumn<Expression>("expression");
    QTest::addColumn<QString>("expected");
    const Node a = attribute(QStringLiteral("a"), Operator::Equal, {Literal::number(QStringLiteral("1"))});
    const Node aOff = a.withEnabled(false);
    const Node b = attribute(QStringLiteral("b"), Operator::Exists);
    QTest::newRow("empty") << Expression() << QString();
    QTest::newRow("root any") << Expression(Group{GroupKind::Any, {a, b}, true}) << "a = 1 or exists(b)";
    QTest::newRow("root none") << Expression(Group{GroupKind::None, {a, b}, true})
                               << "not (a = 1 or exists(b))";
    QTest::newRow("root any of one") << Expression(Group{GroupKind::Any, {a}, true}) << "a = 1";
    QTest::newRow("root off") << Expression(Group{GroupKind::All, {a, b}, false})
                              << "off(a = 1 and exists(b))";
    QTest::newRow("root off, empty") << Expression(Group{GroupKind::All, {}, false}) << QString();
    QTest::newRow("nested in one") << all({group(GroupKind::Any, {a, b})}) << "a = 1 or exists(b)";
    QTest::newRow("nested") << all({a, group(GroupKind::Any, {a, b})}) << "a = 1 and (a = 1 or exists(b))";
    QTest::newRow("same kind nested")
        << all({a, group(GroupKind::All, {a, b})}) << "a = 1 and (a = 1 and exists(b))";
    QTest::newRow("empty group") << all({a, group(GroupKind::Any, {})}) << "a = 1";
    QTest::newRow("only empty groups")
        << all({group(GroupKind::Any, {group(GroupKind::None, {})})}) << QString();
    QTest::newRow("group of one") << all({b, group(GroupKind::Any, {a})}) << "exists(b) and a = 1";
    QTest::newRow("group of one, off")
        << all({b, group(GroupKind::Any, {a}, false)}) << "exists(b) and off(a = 1)";
    QTest::newRow("off inside off") << all({b, group(GroupKind::All, {aOff, b}, false)})
                                    << "exists(b) and off(off(a = 1) and exists(b))";
    QTest::newRow("none of one") << all({group(GroupKind::None, {b})}) << "not exists(b)";
    QTest::newRow("none of a comparison") << all({group(GroupKind::None, {a})}) << "not (a = 1)";
    QTest::newRow("none of one that is off") << all({group(GroupKind::None, {aOff})}) << "not off(a = 1)";
    QTest::newRow("none of any") << all({group(GroupKind::None, {group(GroupKind::Any, {a, b})})})
                                 << "not (a = 1 or exists(b))";
    QTest::newRow("none of any that is off")
        << all({group(GroupKind::None, {group(GroupKind::Any, {a, b}, false)})})
        << "not off(a = 1 or exists(b))";
    QTest::newRow("none of all") << all({group(GroupKind::None, {group(GroupKind::All, {a, b})})})
                                 << "not (a = 1 and exists(b))";
    QTest::newRow("none of none") << all({group(GroupKind::None, {group(GroupKind::None, {a, b})})})
                                  << "not (not (a = 1 or exists(b)))";
    QTest::newRow("none off") << all({b, group(GroupKind::None, {a}, false)})
                              << "exists(b) and off(not (a = 1))";
    QTest::newRow("bad number becomes text")
        << all({attribute(QStringLiteral("a"), Operator::Equal, {Literal::number(QStringLiteral("1x"))})})
        << "a = \"1x\"";
    QTest::newRow("every operator")
        << all({attribute(QStringLiteral("a"), Operator::Between,
                          {Literal::number(QStringLiteral("1")), Literal::number(QStringLiteral("2"))}),
                attribute(QStringLiteral("a"), Operator::In,
                          {Literal::string(QStringLiteral("x")), Literal::boolean(true)}),
                attribute(QStringLiteral("a"), Operator::StartsWith, {Literal::string(QStringLiteral("x"))}),
                attribute(QStringLiteral("a"), Operator::InTheLast, {Literal::string(QStringLiteral("7 d"))}),
                attribute(QStringLiteral("a"), Operator::After, {Literal::string(QStringLiteral("2026"))}),
                attribute(QStringLiteral("a"), Operator::Missing)})
        << "a between 1 and 2 and a in (\"x\", true) and a starts with \"x\" and a in the last \"7 d\" and a "
           "after \"2026\" and missing(a)";
    QTest::newRow("names that need quotes")
        << all({attribute(QStringLiteral("And"), Operator::Exists),
                attribute(QStringLiteral("a b"), Operator::Exists),
                attribute(QStringLiteral("1a"), Operator::Exists),
                attribute(QStringLiteral("ENTITY.ID"), Operator::Exists),
                attribute(QStringLiteral("`\\\n"), Operator::Exists),
                attribute(QStringLiteral("a-b.c:d"), Operator::Exists)})
        << "exists(`And`) and exists(`a b`) and exists(`1a`) and exists(`ENTITY.ID`) and "
           "exists(`\\`\\\\\\n`) and exists(a-b.c:d)";
    QTest::newRow("invisible characters")
        << all({attribute(QStringLiteral("a"), Operator::Equal,
                          {Literal::string(QStringLiteral("\u202e\u0007\U000E0067\u200d"))})})
        << "a = \"\\u202e\\u0007\\udb40\\udc67\u200d\"";
}

void TestFilterParser::shapesHoldNoValue()
{
    const auto shapeOf = [](const char* text) {
        const ParseResult parsed = parse(QString::fromUtf8(text));
        return parsed.ok() ? shape(parsed.expression) : parsed.error->message;
    };
    QCOMPARE(shapeOf("status = \"secret\" and level between 3 and 4 and (a in (1, 2, 3) or not (b = true))"),
             QStringLiteral("status = ? and level between ? and ? and (a in (?) or not (b = ?))"));
    QCOMPARE(
        shapeOf("seen in the last \"3 d\" and exists(`a b`) and entity.name contains \"x\" and off(a = 1)"),
        QStringLiteral("seen in the last ? and exists(`a b`) and entity.name contains ?"));
    QCOMPARE(shapeOf("a in (\"x\", \"y\")"), shapeOf("a in (\"z\")"));
    QCOMPARE(shapeOf("off(a = 1)"), QString());
    QCOMPARE(shapeOf(""), QString());
}

void TestFilterParser::canonicalText()
{
    QFETCH(Expression, expression);
    QFETCH(QString, expected);
    QCOMPARE(print(expression), expected);
    const ParseResult back = parse(expected);
    QVERIFY2(back.ok(), back.ok() ? "" : qPrintable(back.error->message));
    QCOMPARE(tree(back.expression), tree(expression.canonical()));
    QCOMPARE(back.expression, expression.canonical());
    QCOMPARE(expression.canonical().canonical(), expression.canonical());
}

void TestFilterParser::nastyNamesAndStrings()
{
    for (const QString& name : test::nastyStrings()) {
        for (const QString& value : test::nastyStrings() + test::longStrings()) {
            const Expression expression = all({attribute(name, Operator::Equal, {Literal::string(value)})});
            const ParseResult back = parse(print(expression));
            QVERIFY2(back.ok() && back.expression == expression, qPrintable(print(expression)));
        }
    }
}

void TestFilterParser::randomTreesSurviveTheirText()
{
    const auto subjects = nastySubjects();
    for (quint32 seed = 1; seed <= 5000; ++seed) {
        test::RandomFilter random(seed, subjects);
        const Expression expression = random.expression(1 + static_cast<int>(seed % 12));
        const QString text = print(expression);
        const ParseResult back = parse(text);
        QVERIFY2(back.ok(), qPrintable(QStringLiteral("seed %1: %2").arg(seed).arg(text)));
        QVERIFY2(back.expression == expression.canonical(),
                 qPrintable(QStringLiteral("seed %1:\n%2\n%3")
                                .arg(seed)
                                .arg(tree(back.expression), tree(expression.canonical()))));
        QCOMPARE(print(back.expression), text);
    }
}

void TestFilterParser::mutatedTextNeverCrashes()
{
    const auto subjects = nastySubjects();
    QRandomGenerator random(7);
    QString alphabet = QStringLiteral("()\"`\\,=<>!-.aeE019 \nu");
    alphabet += QChar(0xD800);
    alphabet += QChar(0xDC00);
    alphabet += QChar(0);
    for (quint32 seed = 1; seed <= 3000; ++seed) {
        QString text = print(test::RandomFilter(seed, subjects).expression(1 + static_cast<int>(seed % 5)));
        for (int i = 0; i < 3 && !text.isEmpty(); ++i) {
            const auto at = static_cast<qsizetype>(random.bounded(static_cast<quint32>(text.size())));
            const QChar c =
                alphabet.at(static_cast<qsizetype>(random.bounded(static_cast<quint32>(alphabet.size()))));
            if (random.bounded(2) == 0)
                text.insert(at, c);
            else
                text[at] = c;
        }
        const ParseResult result = parse(text);
        if (result.ok()) {
            QCOMPARE(result.expression.canonical(), result.expression);
            QCOMPARE(parse(print(result.expression)).expression, result.expression);
        } else {
            QVERIFY(result.error->position >= 0 && result.error->length >= 0);
            QVERIFY(result.error->position + result.error->length <= text.size());
        }
        const auto cursor = static_cast<qsizetype>(random.bounded(static_cast<quint32>(text.size() + 1)));
        const CompletionContext context = completionContext(text, cursor);
        QVERIFY(context.replace.position <= cursor &&
                context.replace.position + context.replace.length >= cursor);
        qsizetype end = 0;
        for (const Token& token : tokens(text)) {
            QVERIFY(token.position >= end && token.length > 0);
            end = token.position + token.length;
        }
        QVERIFY(end <= text.size());
    }
}

void TestFilterParser::deepNestingIsAnError()
{
    const auto nested = [](int depth) {
        return QString(depth, u'(') + QStringLiteral("a = 1") + QString(depth, u')');
    };
    QVERIFY(parse(nested(maximumDepth)).ok());
    const ParseResult tooDeep = parse(nested(maximumDepth + 1));
    QVERIFY(!tooDeep.ok());
    QCOMPARE(tooDeep.error->position, maximumDepth);
    QVERIFY(!parse(nested(500'000)).ok());
    QVERIFY(!parse(QStringLiteral("not ").repeated(300'000) + QStringLiteral("a = 1")).ok());
    QVERIFY(!parse(QStringLiteral("off(").repeated(300'000)).ok());
    QVERIFY(tokens(nested(500'000)).size() > 1'000'000);
}

void TestFilterParser::longTextIsLinear()
{
    QString text = QStringLiteral("a = 0");
    while (text.size() < 1'000'000)
        text += QStringLiteral(" and (`name %1` = \"value\" or b in (1, 2, 3))").arg(text.size());
    QElapsedTimer timer;
    timer.start();
    const ParseResult result = parse(text);
    QVERIFY(result.ok());
    QVERIFY(result.expression.clauseCount() > 30'000);
    QVERIFY(!print(result.expression).isEmpty());
    // A quadratic parser takes minutes; this only tells the two apart.
    QVERIFY2(timer.elapsed() < 20'000, qPrintable(QString::number(timer.elapsed())));
    const ParseResult longString = parse(QStringLiteral("a = \"") + QString(1'000'000, u'x') + u'"');
    QVERIFY(longString.ok());
}

void TestFilterParser::sourcesPointAtTheClauses()
{
    const QString text =
        QStringLiteral("a = 1 and (`b c` in (\"x\", \"y\") or not exists(d)) and e in the last \"7 d\"");
    const ParseResult result = parse(text);
    QVERIFY(result.ok());
    QCOMPARE(result.sources.size(), 4);
    const auto at = [&](const SourceRange& range) { return text.mid(range.position, range.length); };
    QCOMPARE(at(result.sources.at(0).whole), QStringLiteral("a = 1"));
    const ClauseSource& list = result.sources.at(1);
    QCOMPARE(list.path, (NodePath{1, 0}));
    QCOMPARE(at(list.whole), QStringLiteral("`b c` in (\"x\", \"y\")"));
    QCOMPARE(at(list.subject), QStringLiteral("`b c`"));
    QCOMPARE(at(list.op), QStringLiteral("in"));
    QCOMPARE(at(list.literals.at(1)), QStringLiteral("\"y\""));
    const ClauseSource& exists = result.sources.at(2);
    QCOMPARE(exists.path, (NodePath{1, 1, 0}));
    QCOMPARE(at(exists.whole), QStringLiteral("exists(d)"));
    QCOMPARE(at(result.sources.at(3).op), QStringLiteral("in the last"));
    for (const ClauseSource& source : result.sources)
        QVERIFY(result.expression.at(source.path)->isClause());
}

void TestFilterParser::lineAndColumn()
{
    const QString text = QStringLiteral("a = \"\U0001F600\"\nand b");
    QCOMPARE(lineColumn(text, 0).line, 1);
    QCOMPARE(lineColumn(text, 0).column, 1);
    QCOMPARE(lineColumn(text, 7).column, 7); // after the emoji, which is two units and one character
    QCOMPARE(lineColumn(text, text.size()).line, 2);
    QCOMPARE(lineColumn(text, text.size()).column, 6);
}

void TestFilterParser::tokensCoverEverything()
{
    const QString text = QStringLiteral("a \u00a7= \"open and exists(");
    const QList<Token> all = tokens(text);
    QCOMPARE(all.size(), 4);
    QCOMPARE(all.at(1).kind, TokenKind::Error);
    QCOMPARE(all.at(3).kind, TokenKind::Error);
    QCOMPARE(all.at(3).position + all.at(3).length, text.size());
}

void TestFilterParser::tokenKinds()
{
    using enum TokenKind;
    const QString text = QStringLiteral("not exists(a) and off(entity.id in (\"x\", 1, true)) or b between 1 "
                                        "and 2 and `c d` starts with \"\" and e in the last \"7 d\"");
    const QList<TokenKind> expected{Connective,  Function,    Punctuation, Name,     Punctuation, Connective,
                                    Function,    Punctuation, EntityField, Operator, Punctuation, String,
                                    Punctuation, Number,      Punctuation, Boolean,  Punctuation, Punctuation,
                                    Connective,  Name,        Operator,    Number,   Operator,    Number,
                                    Connective,  Name,        Operator,    Operator, String,      Connective,
                                    Name,        Operator,    Operator,    Operator, String};
    QList<TokenKind> kinds;
    for (const Token& token : tokens(text))
        kinds.append(token.kind);
    QCOMPARE(kinds, expected);
}

void TestFilterParser::completion_data()
{
    using Expecting = CompletionContext::Expecting;
    QTest::addColumn<QString>("input"); // | is the cursor
    QTest::addColumn<int>("expecting");
    QTest::addColumn<QString>("prefix");
    QTest::addColumn<QString>("replaced");
    QTest::addColumn<QString>("about");
    QTest::addColumn<QString>("keyword");
    const auto row = [](const char* input, Expecting expecting, const char* prefix, const char* replaced,
                        const char* about, const char* keyword) {
        QTest::newRow(input) << QString::fromUtf8(input) << static_cast<int>(expecting)
                             << QString::fromUtf8(prefix) << QString::fromUtf8(replaced)
                             << QString::fromUtf8(about) << QString::fromUtf8(keyword);
    };
    row("|", Expecting::Name, "", "", "", "not");
    row("tem|", Expecting::Name, "tem", "tem", "", "exists(");
    row("tem|perature > 80", Expecting::Name, "tem", "temperature", "", "entity.type");
    row("a = 1 and te|", Expecting::Name, "te", "te", "", "(");
    row("not (st|", Expecting::Name, "st", "st", "", "off(");
    row("exists(do|", Expecting::Name, "do", "do", "", "");
    row("exists(a|)", Expecting::Name, "a", "a", "", "");
    row("`door o|", Expecting::Name, "door o", "`door o", "", "");
    row("`door o|pen` = 1", Expecting::Name, "door o", "`door open`", "", "");
    row("status |", Expecting::Operator, "", "", "status", "");
    row("status sta|", Expecting::Operator, "sta", "sta", "status", "");
    row("status starts |", Expecting::Operator, "starts ", "starts ", "status", "");
    row("status starts wi|", Expecting::Operator, "starts wi", "starts wi", "status", "");
    row("seen in the la|", Expecting::Operator, "in the la", "in the la", "seen", "");
    row("status in |", Expecting::Value, "", "", "status", "the last");
    row("status = |", Expecting::Value, "", "", "status", "");
    row("status = \"ac|", Expecting::Value, "ac", "\"ac", "status", "");
    row("status = \"ac|tive\" and b = 1", Expecting::Value, "ac", "\"active\"", "status", "");
    row("status = \"a\\\"b|\"", Expecting::Value, "a\"b", "\"a\\\"b\"", "status", "");
    row("`door open` = tr|", Expecting::Value, "tr", "tr", "door open", "");
    row("status in (|", Expecting::Value, "", "", "status", "");
    row("status in (\"a\", \"b|", Expecting::Value, "b", "\"b", "status", "");
    row("status in (\"a\"|", Expecting::Connective, "", "", "", ")");
    row("a between 1 |", Expecting::Connective, "", "", "", "and");
    row("a between 1 and |", Expecting::Value, "", "", "a", "");
    row("a = 1 |", Expecting::Connective, "", "", "", "or");
    row("a = 1 an|", Expecting::Connective, "an", "an", "", "and");
    row("(a = 1 |", Expecting::Connective, "", "", "", ")");
    row("entity.type = |", Expecting::Value, "", "", "@2", "");
}

void TestFilterParser::completion()
{
    QFETCH(QString, input);
    QFETCH(int, expecting);
    QFETCH(QString, prefix);
    QFETCH(QString, replaced);
    QFETCH(QString, about);
    QFETCH(QString, keyword);
    const auto cursor = input.indexOf(u'|');
    const QString text = QString(input).remove(cursor, 1);
    const CompletionContext context = completionContext(text, cursor);
    QCOMPARE(static_cast<int>(context.expecting), expecting);
    QCOMPARE(context.prefix, prefix);
    QCOMPARE(text.mid(context.replace.position, context.replace.length), replaced);
    if (!about.isEmpty()) {
        QVERIFY(context.subject);
        const QString name = context.subject->isAttribute()
                                 ? context.subject->attribute
                                 : u'@' + QString::number(static_cast<int>(context.subject->field));
        QCOMPARE(name, about);
    }
    if (!keyword.isEmpty())
        QVERIFY2(context.keywords.contains(keyword), qPrintable(context.keywords.join(u'|')));
}

void TestFilterParser::editing()
{
    const Expression expression = parse(u"a = 1 and (b = 2 or c = 3)").expression;
    const Node x = attribute(QStringLiteral("x"), Operator::Exists);
    QCOMPARE(print(expression.replaced({1, 0}, x)), QStringLiteral("a = 1 and (exists(x) or c = 3)"));
    QCOMPARE(print(expression.removed({0})), QStringLiteral("b = 2 or c = 3"));
    QCOMPARE(print(expression.inserted({1, 2}, x)),
             QStringLiteral("a = 1 and (b = 2 or c = 3 or exists(x))"));
    QCOMPARE(print(expression.inserted({0}, x)), QStringLiteral("exists(x) and a = 1 and (b = 2 or c = 3)"));
    QCOMPARE(expression.inserted({1, 3}, x), expression);
    QCOMPARE(expression.removed({5}), expression);
    QCOMPARE(expression.removed({}), expression);
    QCOMPARE(expression.replaced({0, 0}, x), expression);
    QCOMPARE(print(expression.withRootKind(GroupKind::None)),
             QStringLiteral("not (a = 1 or (b = 2 or c = 3))"));
    QVERIFY(!expression.at({0, 0}));
    QCOMPARE(expression.at({1, 1})->clause().subject.attribute, QStringLiteral("c"));
    QCOMPARE(print(expression), QStringLiteral("a = 1 and (b = 2 or c = 3)"));
}

void TestFilterParser::moving_data()
{
    QTest::addColumn<NodePath>("from");
    QTest::addColumn<NodePath>("to");
    QTest::addColumn<QString>("expected");
    const QString same = QStringLiteral("a = 1 and (b = 2 or c = 3 or d = 4) and e = 5");
    QTest::newRow("into a group") << NodePath{0} << NodePath{1, 0}
                                  << "(a = 1 or b = 2 or c = 3 or d = 4) and e = 5";
    QTest::newRow("out of a group") << NodePath{1, 0} << NodePath{0}
                                    << "b = 2 and a = 1 and (c = 3 or d = 4) and e = 5";
    QTest::newRow("to the end") << NodePath{0} << NodePath{3}
                                << "(b = 2 or c = 3 or d = 4) and e = 5 and a = 1";
    QTest::newRow("within, forward") << NodePath{1, 0} << NodePath{1, 2}
                                     << "a = 1 and (c = 3 or b = 2 or d = 4) and e = 5";
    QTest::newRow("within, back") << NodePath{1, 2} << NodePath{1, 0}
                                  << "a = 1 and (d = 4 or b = 2 or c = 3) and e = 5";
    QTest::newRow("whole group") << NodePath{1} << NodePath{0}
                                 << "(b = 2 or c = 3 or d = 4) and a = 1 and e = 5";
    QTest::newRow("into itself") << NodePath{1} << NodePath{1, 0} << same;
    QTest::newRow("from nowhere") << NodePath{7} << NodePath{0} << same;
    QTest::newRow("to nowhere") << NodePath{0} << NodePath{9, 9} << same;
}

void TestFilterParser::moving()
{
    QFETCH(NodePath, from);
    QFETCH(NodePath, to);
    QFETCH(QString, expected);
    const Expression expression = parse(u"a = 1 and (b = 2 or c = 3 or d = 4) and e = 5").expression;
    QCOMPARE(print(expression.moved(from, to)), expected);
}

void TestFilterParser::whatIsOffIsNotThere()
{
    QVERIFY(parse(u"off(a = 1)").expression.matchesEverything());
    QVERIFY(parse(u"not (off(a = 1)) and off(b = 2 or c = 3)").expression.matchesEverything());
    QVERIFY(!parse(u"not (off(a = 1) or b = 2)").expression.matchesEverything());
    QCOMPARE(print(parse(u"off(a = 1) or b = 2 and (c = 3 or off(d = 4))").expression.enabledOnly()),
             QStringLiteral("b = 2 and c = 3"));
    const Expression expression = parse(u"a = 1 and off(b = 2) and a = 3 and entity.id = \"x\"").expression;
    QCOMPARE(expression.attributes(), QStringList{QStringLiteral("a")});
    QCOMPARE(expression.attributes(true), (QStringList{QStringLiteral("a"), QStringLiteral("b")}));
    QCOMPARE(expression.clauseCount(), 4);
}

QTEST_APPLESS_MAIN(TestFilterParser)
#include "tst_filterparser.moc"
