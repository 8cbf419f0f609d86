// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>

namespace atlas::test {

/// Text that has broken somebody's program: for names, values, tenants, on every way through the product.
/// Valid Unicode without NUL, not empty, each at most 500 characters (what a name may have), but for
/// longStrings().
inline QStringList nastyStrings()
{
    QStringList all{
        // SQL
        QStringLiteral("'; drop table atlas.entities; --"),
        QStringLiteral("' or '1'='1"),
        QStringLiteral("\" or \"\"=\""),
        QStringLiteral("1); delete from atlas.attribute_values; select (1"),
        QStringLiteral("/* comment */ -- and another"),
        QStringLiteral("*/ select pg_sleep(10) /*"),
        QStringLiteral("$1"),
        QStringLiteral("$1::int, $2"),
        QStringLiteral("$$ body $$"),
        QStringLiteral("$tag$ body $tag$"),
        QStringLiteral(":name and ?"),
        QStringLiteral("E'\\047'"),
        QStringLiteral("\\'"),
        QStringLiteral("\\"),
        QStringLiteral("\\\\"),
        QStringLiteral("trailing backslash\\"),
        QStringLiteral("'"),
        QStringLiteral("''"),
        QStringLiteral("\""),
        QStringLiteral("\"\""),
        QStringLiteral("`"),
        QStringLiteral("``"),
        QStringLiteral("`back``quoted\\`"),
        QStringLiteral("100%"),
        QStringLiteral("%_%"),
        QStringLiteral("_"),
        QStringLiteral("%s%n%x%d"),
        QStringLiteral("%1 %2 %L1"),
        QStringLiteral("{0} {} {name!r}"),
        // The filter's own words
        QStringLiteral("and"),
        QStringLiteral("OR"),
        QStringLiteral("Not"),
        QStringLiteral("true"),
        QStringLiteral("exists"),
        QStringLiteral("exists(x)"),
        QStringLiteral("off"),
        QStringLiteral("between"),
        QStringLiteral("in the last"),
        QStringLiteral("entity.id"),
        QStringLiteral("Entity.Name"),
        QStringLiteral("a = \"b\" or c = 1"),
        QStringLiteral("a-b.c:d_e"),
        QStringLiteral("-1"),
        QStringLiteral("1e5"),
        QStringLiteral("2nd axle"),
        QStringLiteral("2nd_axle"),
        QStringLiteral("a,b"),
        QStringLiteral("(a)"),
        // White space
        QStringLiteral(" "),
        QStringLiteral("  leading"),
        QStringLiteral("trailing  "),
        QStringLiteral("tab\there"),
        QStringLiteral("line\nbreak"),
        QStringLiteral("carriage\r\nreturn"),
        QStringLiteral("\n"),
        QStringLiteral("\v\f\b\a\u001b[31mred\u001b[0m"),
        QStringLiteral("\u0001\u0002\u001f\u007f\u0080\u009f"),
        QStringLiteral("no\u00a0break\u2003em\u3000ideographic"),
        QStringLiteral("line\u2028separator\u2029paragraph"),
        // COPY, CSV, JSON, HTML, shell, paths
        QStringLiteral("\\."),
        QStringLiteral("\\N"),
        QStringLiteral("NULL"),
        QStringLiteral("null"),
        QStringLiteral("a;b,c\td|e"),
        QStringLiteral("=1+1"),
        QStringLiteral("@SUM(A1)"),
        QStringLiteral("+cmd|' /C calc'!A0"),
        QStringLiteral("{\"a\": [1, 2}"),
        QStringLiteral("}\"],"),
        QStringLiteral("\\u0041\\n"),
        QStringLiteral("{1,2}"),
        QStringLiteral("{\"}"),
        QStringLiteral("<script>alert(1)</script>"),
        QStringLiteral("<b>&amp;&lt;&#39;</b>"),
        QStringLiteral("&nbsp;&"),
        QStringLiteral("]]>"),
        QStringLiteral("| a | b |\n|---|"),
        QStringLiteral("../../../etc/passwd"),
        QStringLiteral("C:\\Windows\\System32"),
        QStringLiteral("/dev/null"),
        QStringLiteral("$(reboot) `reboot` ; reboot & | > /dev/sda"),
        QStringLiteral("--help"),
        QStringLiteral("-"),
        QStringLiteral("http://user:secret@host/?a=b&c=d#e"),
        // Unicode
        QStringLiteral("Z\u00fcrich \u00e9\u00e8\u00ea \u00df \u1e9e"),
        QStringLiteral("e\u0301 is not \u00e9"),
        QStringLiteral("\u0301 starts with a mark"),
        QStringLiteral("Z\u0351\u036b\u0343a\u0343\u0304l\u0369g\u035eo\u0321"),
        QStringLiteral("I i \u0130 \u0131"),
        QStringLiteral("\u212a is not K, \u017f is not s"),
        QStringLiteral("ex\u0131sts"),
        QStringLiteral("\u6e29\u5ea6"),
        QStringLiteral("\u6e29\u5ea6_\u0442\u0435\u043c\u043f\u0435\u0440\u0430\u0442\u0443\u0440\u0430"),
        QStringLiteral("\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd"),
        QStringLiteral("\u202eright to left override\u202c"),
        QStringLiteral("\u2066isolate\u2069"),
        QStringLiteral("zero\u200bwidth\u200cjoin\u200ders\u2060"),
        QStringLiteral("\ufeffbom"),
        QStringLiteral("soft\u00adhyphen"),
        QStringLiteral("\U0001F600\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466\U0001F3F4"
                       "\U000E0067\U000E0062\U000E007F"),
        QStringLiteral("\U0001F69A"),
        QStringLiteral("\ud7ff\ue000\ufffd\U0010FFFD"),
        QStringLiteral("\uffff \ufffe \U0010FFFF"),
        QStringLiteral("\u0939\u093f\u0928\u094d\u0926\u0940"),
        QStringLiteral("\u0e44\u0e17\u0e22"),
        QStringLiteral("\u2126 \u03a9 \u00b5 \u03bc"),
        QStringLiteral("\u201csmart\u201d \u2018quotes\u2019 \u2013 dash"),
        QStringLiteral("\ufb01 ligature \u2460 \u00bd"),
        QStringLiteral("constructor"),
        QStringLiteral("__proto__"),
        QStringLiteral("NaN"),
        QStringLiteral("Infinity"),
        QStringLiteral("1.0"),
        QStringLiteral("9007199254740993"),
        QStringLiteral("2026-01-01"),
        QStringLiteral("CON"),
    };
    all.append(QString(500, u'x'));
    all.append(QString(255, u'y'));
    all.append(QString(256, u'y'));
    all.append(QString(257, u'y'));
    all.append(QStringLiteral("\U0001F600").repeated(250));
    return all;
}

/// Values that names cannot be: empty and long ones.
inline QStringList longStrings()
{
    return {QString(), QString(10'000, u'l'), QStringLiteral("\U0001F69A").repeated(5'000),
            QStringLiteral("'\\\"").repeated(3'000)};
}

} // namespace atlas::test
