// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/routing/router.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace atlas::routing {

using db::EndpointRole;

namespace {

struct IntentFacts
{
    Intent intent;
    const char* name;
    double wantedSeconds;                ///< 0: best effort
    std::array<EndpointRole, 3> order;   ///< preference; an order shorter than three repeats its last
    std::array<double, 3> oldestAllowed; ///< seconds a node of that place may be behind to be preferred
};

constexpr double any = std::numeric_limits<double>::infinity();
using enum EndpointRole;

// The routing table of the design. Replicas more than 10 s behind are passed over whatever the intent, as
// long as something fresher is there.
constexpr std::array<IntentFacts, 8> table{{
    {Intent::Critical, "critical", 1, {Primary, Primary, Primary}, {any, any, any}},
    {Intent::Dashboard, "dashboard", 5, {Replica, Primary, Primary}, {5, any, any}},
    {Intent::Operational, "operational", 10, {Replica, Primary, Primary}, {5, any, any}},
    {Intent::Alert, "alert", 30, {Replica, Primary, Primary}, {10, any, any}},
    {Intent::Reporting, "reporting", 300, {Warehouse, Replica, Primary}, {60, 10, any}},
    {Intent::Analytics, "analytics", 1800, {Warehouse, Replica, Primary}, {1800, 10, any}},
    {Intent::Historical, "historical", 7200, {Warehouse, Replica, Primary}, {7200, 10, any}},
    {Intent::Compliance, "compliance", 0, {Warehouse, Warehouse, Warehouse}, {any, any, any}},
}};

const IntentFacts& factsOf(Intent intent)
{
    return *std::find_if(table.begin(), table.end(), [intent](const auto& f) { return f.intent == intent; });
}

QString secondsText(double seconds)
{
    if (seconds < 0.05)
        return QStringLiteral("< 0.1 s"); // never a bare 0
    if (seconds < 10)
        return QString::number(seconds, 'f', 1) + QStringLiteral(" s");
    if (seconds < 120)
        return QString::number(seconds, 'f', 0) + QStringLiteral(" s");
    if (seconds < 7200)
        return QString::number(seconds / 60, 'f', 0) + QStringLiteral(" min");
    return QString::number(seconds / 3600, 'f', 1) + QStringLiteral(" h");
}

QString whyNot(const NodeFreshness& node, double oldest, const QString& afterLsn, bool lsnReached)
{
    if (!node.usable)
        return node.note.isEmpty() ? QStringLiteral("not reachable") : node.note;
    if (!lsnReached)
        return QStringLiteral("has not replayed %1 yet").arg(afterLsn);
    if (!node.ageSeconds) // where any age will do, an unknown one does too
        return oldest < any ? QStringLiteral("its lag is not known") : QString();
    if (*node.ageSeconds > oldest)
        return QStringLiteral("%1 behind").arg(secondsText(*node.ageSeconds));
    return {};
}

bool hasReplayed(const NodeFreshness& node, const QString& afterLsn)
{
    if (afterLsn.isEmpty() || node.role == EndpointRole::Primary)
        return true;
    const auto wanted = parseLsn(afterLsn);
    const auto replayed = parseLsn(node.replayedLsn);
    return wanted && replayed && *replayed >= *wanted;
}

} // namespace

QString intentName(Intent intent)
{
    return QLatin1String(factsOf(intent).name);
}

std::optional<Intent> intentFromName(QStringView name)
{
    for (const IntentFacts& facts : table) {
        if (name.compare(QLatin1String(facts.name), Qt::CaseInsensitive) == 0)
            return facts.intent;
    }
    return std::nullopt;
}

QList<Intent> allIntents()
{
    QList<Intent> intents;
    for (const IntentFacts& facts : table)
        intents.append(facts.intent);
    return intents;
}

Budget defaultBudget(Intent intent)
{
    const double wanted = factsOf(intent).wantedSeconds;
    return {intent, wanted > 0 ? std::optional<double>(wanted) : std::nullopt};
}

Route choose(Intent intent, const QList<NodeFreshness>& nodes, std::optional<double> wantedSeconds,
             const QString& afterLsn)
{
    const IntentFacts& facts = factsOf(intent);
    Route route;
    route.intent = intent;
    route.wantedSeconds = wantedSeconds;

    bool primaryUsable = false;
    for (const NodeFreshness& node : nodes)
        primaryUsable = primaryUsable || (node.role == EndpointRole::Primary && node.usable);
    route.readOnly = !primaryUsable;

    const auto take = [&](const NodeFreshness& node, const QString& reason) {
        route.node = node.node;
        route.role = node.role;
        route.ageSeconds = node.ageSeconds;
        route.met = !wantedSeconds || (node.ageSeconds && *node.ageSeconds <= *wantedSeconds);
        route.reason = reason;
    };
    // Best of a role: least age, unknown last, then the given order.
    const auto candidatesOf = [&](EndpointRole role) {
        QList<NodeFreshness> found;
        for (const NodeFreshness& node : nodes) {
            if (node.role == role)
                found.append(node);
        }
        // Nodes whose ages differ by less than a heartbeat are equally fresh: keep to the first, its cache is
        // warm.
        std::stable_sort(found.begin(), found.end(), [](const NodeFreshness& a, const NodeFreshness& b) {
            const double left = a.ageSeconds ? std::max(0.0, *a.ageSeconds - 2.0) : any;
            const double right = b.ageSeconds ? std::max(0.0, *b.ageSeconds - 2.0) : any;
            return left < right;
        });
        return found;
    };

    std::optional<EndpointRole> previous;
    for (std::size_t place = 0; place < facts.order.size(); ++place) {
        const EndpointRole role = facts.order[place];
        if (previous == role)
            continue;
        previous = role;
        // What operators want may be stricter than the table.
        const double oldest = std::min(facts.oldestAllowed[place], wantedSeconds.value_or(any));
        for (const NodeFreshness& node : candidatesOf(role)) {
            const double allowed = role == EndpointRole::Primary ? any : oldest;
            const QString why = whyNot(node, allowed, afterLsn, hasReplayed(node, afterLsn));
            if (why.isEmpty() || (role == EndpointRole::Primary && node.usable)) {
                take(node, place == 0 ? QStringLiteral("first choice for %1 queries").arg(intentName(intent))
                                      : QStringLiteral("nothing preferred was fresh enough"));
                return route;
            }
            route.passedOver.append(node.node + QStringLiteral(": ") + why);
        }
    }

    if (intent == Intent::Compliance) {
        route.reason =
            QStringLiteral("compliance queries run on the warehouse only, and it cannot be used now");
        return route;
    }

    // Nothing meets the table: best effort on whatever answers, freshest first, and say that it is not met.
    // Critical data are never read from a copy unless the primary is down.
    QList<NodeFreshness> rest;
    for (const EndpointRole role : {EndpointRole::Primary, EndpointRole::Replica, EndpointRole::Warehouse}) {
        for (const NodeFreshness& node : candidatesOf(role)) {
            if (node.usable && hasReplayed(node, afterLsn))
                rest.append(node);
        }
    }
    std::stable_sort(rest.begin(), rest.end(), [](const NodeFreshness& a, const NodeFreshness& b) {
        return a.ageSeconds.value_or(any) < b.ageSeconds.value_or(any);
    });
    if (!rest.isEmpty()) {
        const bool primaryDown = !primaryUsable && intent == Intent::Critical;
        take(rest.first(), primaryDown
                               ? QStringLiteral("the primary is down: reads go on, writes do not")
                               : QStringLiteral("nothing is as fresh as wanted: the freshest there is"));
        return route;
    }
    route.reason = QStringLiteral("no node can be reached");
    return route;
}

QString describe(const Route& route)
{
    if (route.node.isEmpty())
        return route.reason;
    QString text = route.node;
    text += route.ageSeconds ? QStringLiteral(", at most %1 old").arg(secondsText(*route.ageSeconds))
                             : QStringLiteral(", age not known");
    if (route.wantedSeconds)
        text += QStringLiteral(", wanted < %1: %2")
                    .arg(secondsText(*route.wantedSeconds),
                         route.met ? QStringLiteral("met") : QStringLiteral("not met"));
    else
        text += QStringLiteral(", best effort");
    return text;
}

std::optional<quint64> parseLsn(QStringView text)
{
    const qsizetype slash = text.indexOf(QLatin1Char('/'));
    if (slash < 1)
        return std::nullopt;
    bool highOk = false;
    bool lowOk = false;
    const quint64 high = text.first(slash).toULongLong(&highOk, 16);
    const quint64 low = text.sliced(slash + 1).toULongLong(&lowOk, 16);
    if (!highOk || !lowOk || high > 0xffffffffULL || low > 0xffffffffULL)
        return std::nullopt;
    return (high << 32U) | low;
}

CircuitBreaker::CircuitBreaker(int threshold, std::chrono::milliseconds pause,
                               std::chrono::milliseconds longestPause)
    : m_threshold(threshold)
    , m_firstPause(pause)
    , m_longestPause(longestPause)
    , m_pause(pause)
{
}

CircuitBreaker::State CircuitBreaker::state(Clock::time_point now) const
{
    if (m_failures < m_threshold)
        return State::Closed;
    return now >= m_retryAt ? State::HalfOpen : State::Open;
}

bool CircuitBreaker::allows(Clock::time_point now) const
{
    return state(now) != State::Open;
}

void CircuitBreaker::succeeded()
{
    m_failures = 0;
    m_pause = m_firstPause;
}

void CircuitBreaker::failed(Clock::time_point now)
{
    const State before = state(now);
    if (before == State::Open)
        return;
    ++m_failures;
    if (m_failures < m_threshold)
        return;
    if (before == State::HalfOpen)
        m_pause = std::min(m_pause * 2, m_longestPause);
    m_retryAt = now + m_pause;
}

} // namespace atlas::routing
