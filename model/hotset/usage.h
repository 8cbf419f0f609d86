// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDeadlineTimer>
#include <QList>
#include <QObject>
#include <QPointer>
#include <QString>
#include <QTimer>

#include <optional>
#include <vector>

#include "db/client.h"
#include "model/filter/catalog.h"
#include "model/filter/expression.h"

namespace atlas::hotset {

/// One filter that was answered, as it is noted (filter_usage). No value that was compared is in it.
struct Usage
{
    int tenant = 0;
    QString shape;         ///< filter::shape(), at most 4,000 characters
    QList<int> attributes; ///< compared for equality, where the hot set could answer; empty: not worth a note
    double milliseconds = 0;
    std::optional<qint64> rows; ///< nullopt: a count that ran out of time
    QString endpoint;           ///< node that answered
};

/// Without time, rows and endpoint. nullopt when the hot set could answer nothing of the filter, which must
/// be valid.
std::optional<Usage> usageOf(const filter::Expression& filter, const filter::CatalogLookup& catalog,
                             int tenant);
db::Statement usageStatement(const Usage& usage);

/// Makes an endpoint of its own known to the client, and returns its id: the primary as analysts log in
/// there, one connection, that may write. What people read through stays read-only. Empty when the client has
/// no primary.
QString usageEndpoint(db::Client& client);
/// Whether an endpoint is that one: what becomes of it says nothing of the node.
bool isUsageEndpoint(const QString& id);

/// Notes filters beside the reading: asynchronous, one row a second at most, ten may wait, the rest is
/// dropped, and so is what waits when it is destroyed. Tells nobody of errors: once refused it never asks
/// again, after any other error not for a minute. Thread of its client.
class UsageRecorder : public QObject
{
    Q_OBJECT
public:
    explicit UsageRecorder(db::Client* client, QObject* parent = nullptr);
    void record(const Usage& usage);
    qint64 dropped() const { return m_dropped; }

private:
    void send();

    QPointer<db::Client> m_client;
    QList<Usage> m_waiting;
    QTimer m_pause;
    QDeadlineTimer m_quiet;
    qint64 m_dropped = 0;
    bool m_sending = false;
    bool m_refused = false;
};

/// What filters of the last days did with one attribute.
struct Candidate
{
    int attributeId = 0;
    qint64 filters = 0;      ///< runs that compared it for equality
    qint64 combined = 0;     ///< of them, those that compared another attribute as well
    double milliseconds = 0; ///< of all those runs
    std::optional<qint64> entitiesWith, distinctValues;
    std::optional<double> writeRate; ///< values a second; nullopt: never measured
    bool operator==(const Candidate&) const = default;
};

constexpr int adviceDays = 30;
/// The agent keeps notes a little longer than the advice looks back on.
constexpr int keptDays = 35;

/// Those first in whose filters most time was spent. Whoever may read the tenant's usage: any node but the
/// warehouse.
db::Statement candidatesStatement(int tenant, int days = adviceDays);
std::vector<Candidate> candidatesFromRows(const db::ResultSet& rows);

} // namespace atlas::hotset
