// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>

#include <algorithm>
#include <chrono>
#include <utility>

#include "db/statement.h"

namespace atlas {

/// Every statement the product can send, for `atlasctl statements` and for the page of what this console
/// runs. Filled while the program starts (before main), then only read: no locking.
class StatementRegistry
{
public:
    struct Entry
    {
        const char* name;    ///< "ingest.commit", unique
        const char* purpose; ///< for people
        const char* sql;     ///< for compiled statements: a word on how they come about, in parentheses
    };

    /// Statements that are composed at run time (the filter compiler's) add themselves by hand.
    static void add(const char* name, const char* purpose, const char* sql)
    {
        entries().append(Entry{name, purpose, sql});
    }

    /// Sorted by name.
    static QList<Entry> list()
    {
        QList<Entry> sorted = entries();
        std::sort(sorted.begin(), sorted.end(),
                  [](const Entry& a, const Entry& b) { return qstrcmp(a.name, b.name) < 0; });
        return sorted;
    }

private:
    static QList<Entry>& entries()
    {
        static QList<Entry> all; // made on first use: the order of static objects among files is unspecified
        return all;
    }
};

/// One named SQL text beside the class that owns it:
///     const RegisteredStatement kBeat{"agent.beat", "Heartbeat", "select …"};
///     session.exec(kBeat());
class RegisteredStatement
{
public:
    RegisteredStatement(const char* name, const char* purpose, const char* sql)
        : m_name(name)
        , m_purpose(purpose)
        , m_sql(sql)
    {
        StatementRegistry::add(name, purpose, sql);
    }

    db::Statement operator()(QList<db::Param> params = {},
                             std::chrono::milliseconds deadline = std::chrono::seconds(30)) const
    {
        db::Statement statement;
        statement.name = QString::fromUtf8(m_name);
        statement.sql = m_sql;
        statement.params = std::move(params);
        statement.purpose = QString::fromUtf8(m_purpose);
        statement.deadline = deadline;
        return statement;
    }

private:
    const char* m_name;
    const char* m_purpose;
    const char* m_sql;
};

/// The statement, about one tenant alone; see db::Statement::tenant.
inline db::Statement about(int tenant, db::Statement statement)
{
    statement.tenant = tenant;
    return statement;
}

} // namespace atlas
