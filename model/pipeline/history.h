// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QHash>
#include <QObject>
#include <QPointer>
#include <QString>

#include <chrono>
#include <functional>
#include <vector>

#include "db/client.h"
#include "model/lag/stagelag.h"
#include "model/routing/reader.h"

namespace atlas::pipeline {

/// Committed rows of one tenant over time, from the ledger: bucket starts (UTC seconds since 1970) and rows a
/// second. A bucket in which nothing was committed is 0: the ledger is complete, absence is a fact.
struct RateSeries
{
    int tenant = 0;
    QString tenantName;
    std::vector<double> at;
    std::vector<double> rowsPerSecond;
};

/// Lag of one stage over time. A gap in the samples stays a gap (NaN), it is not 0.
struct LagSeries
{
    QString stage;
    QString node;
    std::vector<double> at;
    std::vector<double> seconds;
};

struct History
{
    double from = 0; ///< UTC seconds since 1970, by the primary's clock
    double to = 0;
    double bucketSeconds = 1;
    std::vector<RateSeries> rates;
    std::vector<LagSeries> lags;
    routing::Route route;
};

/// Width of a bucket such that a window has at most about 600 of them: 1, 2, 5, 10, 30 s, 1, 5, 10, 30 min, 1
/// h.
double bucketFor(std::chrono::seconds window);

/// Reads the history of a window in one go; afterwards `since` reads only what is new. GUI thread.
class HistoryReader : public QObject
{
    Q_OBJECT
public:
    HistoryReader(routing::Reader* reader, QObject* parent = nullptr);
    /// Windows up to an hour come from the ledger itself, longer ones from ingest_rate_samples (10 s sums of
    /// it).
    quint64 read(std::chrono::seconds window, QObject* receiver,
                 std::function<void(db::Result<History>)> done);
    void cancel(quint64 ticket);

private:
    routing::Reader* m_reader;
    quint64 m_next = 0;
    QHash<quint64, quint64> m_running; ///< ours to the reader's
};

} // namespace atlas::pipeline
