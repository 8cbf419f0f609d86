// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QTest>

#include <optional>

#include "db/client.h"

namespace atlas::test {

using namespace std::chrono_literals;

/// Catches one answer and waits for it, events running.
template<class T> class Async
{
public:
    auto handler()
    {
        return [this](db::Result<T> result) {
            ++m_calls;
            m_result = std::move(result);
        };
    }
    bool wait(std::chrono::milliseconds deadline = 20s)
    {
        return QTest::qWaitFor([this] { return m_result.has_value(); }, int(deadline.count()));
    }
    bool isThere() const { return m_result.has_value(); }
    int calls() const { return m_calls; }
    bool ok() const { return m_result && m_result->ok(); }
    const T& value() const { return **m_result; }
    const db::DbError& error() const { return m_result->error(); }
    /// The first cell of an answer of rows; nothing when there is none.
    std::optional<qint64> integer() const
    {
        return ok() && value().rowCount() > 0 ? value().integer(0, 0) : std::nullopt;
    }
    /// For messages of failed comparisons.
    QByteArray text() const
    {
        if (!m_result)
            return "no answer";
        return m_result->ok() ? "ok" : m_result->error().text().toUtf8();
    }

private:
    int m_calls = 0;
    std::optional<db::Result<T>> m_result;
};

using AsyncRows = Async<db::ResultSet>;

inline db::Statement statement(const QByteArray& sql, const QList<db::Param>& params = {},
                               std::chrono::milliseconds deadline = 30s)
{
    db::Statement result;
    result.name = QStringLiteral("test");
    result.sql = sql;
    result.params = params;
    result.deadline = deadline;
    return result;
}

/// Runs one statement and waits.
inline AsyncRows query(db::Client& client, const QString& endpoint, const db::Statement& what)
{
    AsyncRows rows;
    QObject receiver;
    client.query(endpoint, what, &receiver, rows.handler());
    rows.wait();
    return rows;
}

inline AsyncRows query(db::Client& client, const QString& endpoint, const QByteArray& sql,
                       const QList<db::Param>& params = {})
{
    return query(client, endpoint, statement(sql, params));
}

/// Polls a statement that yields one integer until it is `expected`.
inline bool becomes(db::Client& client, const QString& endpoint, const QByteArray& sql, qint64 expected,
                    std::chrono::milliseconds deadline = 20s)
{
    QElapsedTimer timer;
    timer.start();
    do {
        const AsyncRows rows = query(client, endpoint, sql);
        if (rows.ok() && rows.value().integer(0, 0) == expected)
            return true;
        QTest::qWait(20);
    } while (timer.elapsed() < deadline.count());
    return false;
}

/// An error's kind as something QCOMPARE prints.
inline int kind(db::ErrorKind value)
{
    return int(value);
}

} // namespace atlas::test

// Both take their argument once: it may be the statement itself.
#define VERIFY_OK(async)                                                                                     \
    do {                                                                                                     \
        const auto& asyncVerified = (async);                                                                 \
        QVERIFY2(asyncVerified.ok(), asyncVerified.text().constData());                                      \
    } while (false)
#define COMPARE_KIND(async, expected)                                                                        \
    do {                                                                                                     \
        const auto& asyncCompared = (async);                                                                 \
        QVERIFY2(asyncCompared.isThere() && !asyncCompared.ok(), asyncCompared.text().constData());          \
        QVERIFY2(asyncCompared.error().kind == (expected), asyncCompared.text().constData());                \
    } while (false)
