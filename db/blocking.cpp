// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/blocking.h"

#include <QCoreApplication>
#include <QThread>

#include <algorithm>
#include <utility>

#include "db/client_p.h"
#include "db/session_p.h"

namespace atlas::db {

namespace {

using namespace std::chrono_literals;

/// The I/O thread answers every request by its deadline, a second of cancelling and some work included.
/// Waiting longer than this would only hide a bug of ours.
constexpr auto Slack = 30s;
constexpr auto BetweenLooks = 50ms;
constexpr qint64 MostUnsent = 4 * 1024 * 1024;

[[maybe_unused]] bool mayWait()
{
    const auto* app = QCoreApplication::instance();
    return !app || QThread::currentThread() != app->thread() || !app->inherits("QGuiApplication") ||
           app->property("atlasMayBlock").toBool();
}

void assertMayWait()
{
    Q_ASSERT_X(mayWait(), "BlockingSession", "the GUI thread must not wait for a database");
}

DbError noAnswer(const QString& endpoint)
{
    DbError error;
    error.kind = ErrorKind::Deadline;
    error.endpoint = endpoint;
    error.message = QStringLiteral("no answer from the I/O thread");
    return error;
}

} // namespace

struct BlockingSession::Private
{
    std::shared_ptr<Session> session;
    Session::Private& core;
    std::function<bool()> mustEnd = {};

    /// Submits and handles events until the last one, which it returns.
    Result<ResultSet> run(const RequestPtr& request, const std::function<void(Event&)>& each = {}) const
    {
        assertMayWait();
        const auto sink = std::make_shared<WaitingSink>();
        request->sink = sink;
        const auto deadline = request->deadline() + Slack;
        const RequestId id = core.submit(request);
        return wait(*sink, id, deadline, each);
    }
    Result<ResultSet> wait(WaitingSink& sink, RequestId id, Clock::time_point deadline,
                           const std::function<void(Event&)>& each = {}) const
    {
        Clock::time_point look = Clock::now() + BetweenLooks;
        for (;;) {
            std::optional<Event> event = await(sink, deadline, look);
            if (!event) {
                core.engine->stop(id, Request::Stop::ByCaller);
                return noAnswer(core.endpoint);
            }
            if (auto* done = std::get_if<DoneEvent>(&*event))
                return std::move(done->result);
            if (each) {
                each(*event);
                core.engine->acknowledge(id);
            }
        }
    }
    /// The next event, nothing after the deadline. Looks in between whether the call must end, from `look`
    /// on.
    std::optional<Event> await(WaitingSink& sink, Clock::time_point deadline, Clock::time_point& look) const
    {
        for (;;) {
            std::optional<Event> event = sink.wait(mustEnd ? std::min(deadline, look) : deadline);
            lookAfter(look); // events may come without end
            if (event || Clock::now() >= deadline)
                return event;
        }
    }
    /// Once it is time: whether the call must end. Then `look` is when it is time again.
    void lookAfter(Clock::time_point& look) const
    {
        const Clock::time_point now = Clock::now();
        if (!mustEnd || now < look)
            return;
        if (mustEnd())
            core.engine->stopSession(core.id, Request::Stop::ByCaller);
        look = now + BetweenLooks;
    }
};

BlockingSession::BlockingSession(std::unique_ptr<Private> priv)
    : d(std::move(priv))
{
}

BlockingSession::~BlockingSession() = default;

Result<std::unique_ptr<BlockingSession>> BlockingSession::open(Client& client, const QString& endpoint,
                                                               std::chrono::milliseconds deadline)
{
    assertMayWait();
    Statement statement;
    statement.deadline = deadline;
    const RequestPtr request = client.d->request(endpoint, Request::Kind::OpenSession, statement);
    request->session = request->id;
    const auto sink = std::make_shared<WaitingSink>();
    request->sink = sink;
    client.d->engine->submit(request);
    std::optional<Event> event = sink->wait(Clock::now() + deadline + Slack);
    auto* opened = event ? std::get_if<SessionEvent>(&*event) : nullptr;
    if (!opened)
        return noAnswer(endpoint);
    if (!opened->session)
        return opened->session.error();
    const std::shared_ptr<Session> session = *opened->session;
    return std::unique_ptr<BlockingSession>(
        // NOLINTNEXTLINE(modernize-make-unique): Private is an aggregate, make_unique cannot brace it
        new BlockingSession(std::unique_ptr<Private>(new Private{session, *session->d})));
}

Result<ResultSet> BlockingSession::exec(const Statement& statement)
{
    return d->run(d->core.request(Request::Kind::Query, statement));
}

Status BlockingSession::execScript(const QByteArray& sql, const QString& name,
                                   std::chrono::milliseconds deadline)
{
    Statement statement;
    statement.name = name;
    statement.sql = sql;
    statement.deadline = deadline;
    const Result<ResultSet> result = d->run(d->core.request(Request::Kind::Script, statement));
    if (!result)
        return result.error();
    return success();
}

Status BlockingSession::stream(const Statement& statement, int batchRows,
                               const std::function<void(const ResultSet&)>& batch)
{
    const RequestPtr request = d->core.request(Request::Kind::Stream, statement);
    request->batchRows = batchRows;
    const Result<ResultSet> result = d->run(request, [&batch](Event& event) {
        if (const auto* rows = std::get_if<BatchEvent>(&event))
            batch(rows->rows);
    });
    if (!result)
        return result.error();
    return success();
}

Result<ResultSet> BlockingSession::copyIn(const Statement& statement, const std::function<QByteArray()>& next)
{
    assertMayWait();
    const RequestPtr request = d->core.request(Request::Kind::CopyIn, statement);
    const auto sink = std::make_shared<WaitingSink>();
    request->sink = sink;
    const auto deadline = request->deadline() + Slack;
    const RequestId id = d->core.submit(request);
    const auto feed = request->feed;
    Clock::time_point look = Clock::now() + BetweenLooks;
    while (!feed->over) {
        QByteArray chunk = next();
        if (chunk.isEmpty())
            break;
        const qint64 unsent = d->core.write(std::move(chunk));
        d->lookAfter(look); // a server may take chunks faster than they are made
        if (unsent <= MostUnsent)
            continue;
        const auto drained = std::make_shared<WaitingSink>();
        d->core.notifyWhenBelow(MostUnsent / 2, drained);
        if (!d->await(*drained, deadline, look))
            break;
    }
    d->core.endCopy(std::nullopt);
    return d->wait(*sink, id, deadline);
}

Status BlockingSession::copyOut(const Statement& statement,
                                const std::function<void(const QByteArray&)>& chunk)
{
    const Result<ResultSet> result =
        d->run(d->core.request(Request::Kind::CopyOut, statement), [&chunk](Event& event) {
            if (const auto* bytes = std::get_if<ChunkEvent>(&event))
                chunk(bytes->bytes);
        });
    if (!result)
        return result.error();
    return success();
}

std::function<bool()> BlockingSession::setWatch(std::function<bool()> mustEnd)
{
    return std::exchange(d->mustEnd, std::move(mustEnd));
}

void BlockingSession::cancel()
{
    d->core.engine->stopSession(d->core.id, Request::Stop::ByCaller);
}

} // namespace atlas::db
