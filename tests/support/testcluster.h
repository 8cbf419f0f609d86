// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>
#include <QStringList>
#include <QTest>

#include "db/endpoint.h"

namespace atlas::test {

/// The running cluster that $ATLAS_TEST_STATE names, as infra/local describes it in environment.json.
class TestCluster
{
public:
    enum class Found { Yes, NotAsked, Broken };

    /// NotAsked: the variable is not set, a reason to skip. Broken: it is, but what it names cannot be used,
    /// a reason to fail.
    static Found find(TestCluster* cluster, QString* reason);

    /// "primary", "replica-1", …, "warehouse".
    QStringList nodes() const;
    QStringList replicas() const;
    /// `login` is the name of a person ("analyst", "owner", …), not of a role.
    db::Endpoint endpoint(const QString& node, const QString& login, bool readOnly = true) const;
    /// The same over a proxy on 127.0.0.1 and with the password in it: the password file knows the real port
    /// only.
    db::Endpoint endpointThrough(int proxyPort, const QString& node, const QString& login,
                                 bool readOnly = true) const;
    QString address(const QString& node) const;
    int port(const QString& node) const;
    QString password(const QString& node, const QString& login) const;
    /// The role behind a person.
    QString role(const QString& login) const;
    QString stateDirectory() const { return m_directory; }
    /// Runs psql as the superuser, whom no password lets in, through cluster.sh. Stops at the first error,
    /// which goes to stderr, and returns false then.
    bool superuser(const QString& node, const QString& database, const QStringList& arguments) const;

private:
    QJsonObject node(const QString& name) const;

    QString m_directory;
    QJsonObject m_environment;
};

} // namespace atlas::test

/// For initTestCase(): skips without a cluster, fails with a broken one.
#define ATLAS_REQUIRE_CLUSTER(cluster)                                                                       \
    do {                                                                                                     \
        QString atlasReason;                                                                                 \
        const auto atlasFound = atlas::test::TestCluster::find(&(cluster), &atlasReason);                    \
        if (atlasFound == atlas::test::TestCluster::Found::NotAsked)                                         \
            QSKIP(qPrintable(atlasReason));                                                                  \
        if (atlasFound == atlas::test::TestCluster::Found::Broken)                                           \
            QFAIL(qPrintable(atlasReason));                                                                  \
    } while (false)
