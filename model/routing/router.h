// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QList>
#include <QMetaType>
#include <QString>
#include <QStringList>

#include <chrono>
#include <optional>

#include "db/endpoint.h"

namespace atlas::routing {

/// What a query is for; decides how fresh its data must be. Persisted by name.
enum class Intent {
    Critical = 1,
    Dashboard,
    Operational,
    Alert,
    Reporting,
    Analytics,
    Historical,
    Compliance
};
QString intentName(Intent intent);
std::optional<Intent> intentFromName(QStringView name);
QList<Intent> allIntents();

struct Budget
{
    Intent intent = Intent::Operational;
    std::optional<double> wantedSeconds; ///< nullopt: best effort
};
/// The table of design: critical 1 s, dashboard 5 s, operational 10 s, alert 30 s, reporting 5 min, analytics
/// 30 min, historical 2 h, compliance best effort.
Budget defaultBudget(Intent intent);

/// What is known of one node now. Input of the router.
struct NodeFreshness
{
    QString node; ///< "primary", "replica-1", "warehouse"
    db::EndpointRole role = db::EndpointRole::Primary;
    bool usable = true; ///< its circuit is not open
    std::optional<double>
        ageSeconds;      ///< data on it are at most this old; 0 for the primary; nullopt: not known
    QString replayedLsn; ///< "0/16B3748", empty when not known
    QString note;        ///< why it is not usable, or how the age was found
    bool operator==(const NodeFreshness&) const = default;
};

/// Where a query goes, and why. Every result carries one.
struct Route
{
    Intent intent = Intent::Operational;
    QString node; ///< empty: nowhere, see reason
    db::EndpointRole role = db::EndpointRole::Primary;
    std::optional<double> ageSeconds;
    std::optional<double> wantedSeconds;
    bool met = false;       ///< the age is known and within what was wanted
    bool readOnly = false;  ///< writes are not possible now: the primary is down
    QString reason;         ///< one sentence
    QStringList passedOver; ///< "replica-1: 14 s behind", in order of preference
};

/// Chooses by the table of design. Pure. `afterLsn`: only nodes that have replayed it (read-your-writes).
Route choose(Intent intent, const QList<NodeFreshness>& nodes, std::optional<double> wantedSeconds,
             const QString& afterLsn = {});
/// In words: "replica-1, 0.4 s old, wanted < 10 s: met".
QString describe(const Route& route);

/// "0/16B3748" as a number; nullopt when it is none.
std::optional<quint64> parseLsn(QStringView text);

/// Opens after `threshold` failures in a row; after a pause it is half open: the next success closes it, the
/// next failure opens it again for twice as long, up to a limit. What fails while it is open was under way
/// before and changes nothing. Pure: the caller brings the time.
class CircuitBreaker
{
public:
    using Clock = std::chrono::steady_clock;
    enum class State { Closed = 1, Open, HalfOpen };
    explicit CircuitBreaker(int threshold = 1,
                            std::chrono::milliseconds pause = std::chrono::milliseconds(500),
                            std::chrono::milliseconds longestPause = std::chrono::seconds(15));
    State state(Clock::time_point now) const;
    bool allows(Clock::time_point now) const;
    void succeeded();
    void failed(Clock::time_point now);

private:
    int m_threshold;
    std::chrono::milliseconds m_firstPause;
    std::chrono::milliseconds m_longestPause;
    std::chrono::milliseconds m_pause;
    int m_failures = 0;
    Clock::time_point m_retryAt{};
};

} // namespace atlas::routing

Q_DECLARE_METATYPE(atlas::routing::NodeFreshness)
Q_DECLARE_METATYPE(atlas::routing::Route)
