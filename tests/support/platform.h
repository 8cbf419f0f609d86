// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QString>
#include <QStringList>

#include <memory>

#include "db/blocking.h"
#include "tests/support/testcluster.h"

namespace atlas::test {

/// What a program wrote and how it ended.
struct Ran
{
    int status = -1;
    QByteArray out;
    QByteArray err;
};

/// The product on the test cluster: the schema, atlasctl as people call it, and sessions as any of its
/// logins.
class Platform
{
public:
    /// Applies the schema and the subscription where they are missing. Empty, or what went wrong.
    QString prepare(const TestCluster& cluster);
    /// A cluster on which all that is done already, or cannot be now.
    void use(const TestCluster& cluster);

    /// Runs $ATLAS_CTL on the cluster, like a person in a shell.
    Ran ctl(const QStringList& arguments, const QByteArray& input = {},
            int timeoutMilliseconds = 120'000) const;
    /// Imports JSON Lines into a tenant, made when missing, open to the demo logins. Empty, or what went
    /// wrong.
    QString import(const QString& tenant, const QByteArray& jsonLines) const;
    /// A name that no other test uses.
    static QString freshName(const QString& stem);

    /// A session as "analyst", "owner", …; fails the test (QVERIFY in the caller) when null.
    std::unique_ptr<db::BlockingSession> open(const QString& node, const QString& login,
                                              bool readOnly = false);
    /// tenant_id by name, 0 when there is none.
    int tenantId(const QString& name);
    /// Waits until every replica has replayed, and the warehouse has applied, what is committed now. False at
    /// once when one cannot any more: its slot has lost WAL. Which node and how it stands then is in
    /// `problem` (null: a warning says it).
    bool waitForEveryNode(int milliseconds = 30'000, QString* problem = nullptr);
    const TestCluster& cluster() const { return m_cluster; }
    db::Client& client() { return *m_client; }

private:
    TestCluster m_cluster;
    std::unique_ptr<db::Client> m_client;
};

db::Statement sql(const QByteArray& text, const QList<db::Param>& params = {});

} // namespace atlas::test
