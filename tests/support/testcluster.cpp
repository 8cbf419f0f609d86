// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/testcluster.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QProcess>

namespace atlas::test {

TestCluster::Found TestCluster::find(TestCluster* cluster, QString* reason)
{
    const QString directory = qEnvironmentVariable("ATLAS_TEST_STATE");
    if (directory.isEmpty()) {
        *reason =
            QStringLiteral("ATLAS_TEST_STATE is not set: no cluster to test with (./atlas test starts one)");
        return Found::NotAsked;
    }
    QFile file(QDir(directory).filePath(QStringLiteral("environment.json")));
    if (!file.open(QIODevice::ReadOnly)) {
        *reason = QStringLiteral("%1: %2").arg(file.fileName(), file.errorString());
        return Found::Broken;
    }
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(file.readAll(), &error);
    if (error.error != QJsonParseError::NoError) {
        *reason = QStringLiteral("%1: %2 at %3").arg(file.fileName(), error.errorString()).arg(error.offset);
        return Found::Broken;
    }
    cluster->m_directory = directory;
    cluster->m_environment = document.object();
    if (cluster->node(QStringLiteral("primary")).isEmpty() ||
        cluster->m_environment.value(QLatin1String("logins")).toObject().isEmpty()) {
        *reason = QStringLiteral("%1 names no primary or no logins").arg(file.fileName());
        return Found::Broken;
    }
    return Found::Yes;
}

QStringList TestCluster::replicas() const
{
    QStringList names;
    const QJsonArray replicas = m_environment.value(QLatin1String("replicas")).toArray();
    for (const QJsonValue& replica : replicas)
        names += replica.toObject().value(QLatin1String("name")).toString();
    return names;
}

QStringList TestCluster::nodes() const
{
    QStringList names{QStringLiteral("primary")};
    names += replicas();
    if (m_environment.contains(QLatin1String("warehouse")))
        names += QStringLiteral("warehouse");
    return names;
}

QJsonObject TestCluster::node(const QString& name) const
{
    if (name == QLatin1String("primary") || name == QLatin1String("warehouse"))
        return m_environment.value(name).toObject();
    const QJsonArray replicas = m_environment.value(QLatin1String("replicas")).toArray();
    for (const QJsonValue& replica : replicas) {
        if (replica.toObject().value(QLatin1String("name")).toString() == name)
            return replica.toObject();
    }
    return {};
}

QString TestCluster::role(const QString& login) const
{
    return m_environment.value(QLatin1String("logins")).toObject().value(login).toString();
}

db::Endpoint TestCluster::endpoint(const QString& name, const QString& login, bool readOnly) const
{
    db::Endpoint endpoint;
    endpoint.id = name;
    endpoint.readOnly = readOnly;
    if (name == QLatin1String("warehouse"))
        endpoint.role = db::EndpointRole::Warehouse;
    else if (name != QLatin1String("primary"))
        endpoint.role = db::EndpointRole::Replica;
    const QJsonObject keywords = node(name);
    if (keywords.isEmpty() || role(login).isEmpty())
        qFatal("the test cluster has no node %s or no login %s", qPrintable(name), qPrintable(login));
    for (auto it = keywords.begin(); it != keywords.end(); ++it) {
        // "name" is ours, all the others are libpq's.
        if (it.key() != QLatin1String("name"))
            endpoint.info.set(it.key(), it.value().toString());
    }
    endpoint.info.set(QStringLiteral("user"), role(login));
    return endpoint;
}

QString TestCluster::address(const QString& name) const
{
    return node(name).value(QLatin1String("hostaddr")).toString(QStringLiteral("127.0.0.1"));
}

int TestCluster::port(const QString& name) const
{
    return node(name).value(QLatin1String("port")).toString().toInt();
}

QString TestCluster::password(const QString& name, const QString& login) const
{
    QFile file(node(name).value(QLatin1String("passfile")).toString());
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QStringList lines = QString::fromUtf8(file.readAll()).split(u'\n');
    for (const QString& line : lines) {
        // The cluster's own passwords hold neither a colon nor a backslash.
        const QStringList fields = line.split(u':');
        if (fields.size() == 5 && fields[1].toInt() == port(name) && fields[3] == role(login))
            return fields[4];
    }
    return {};
}

bool TestCluster::superuser(const QString& name, const QString& database, const QStringList& arguments) const
{
    QProcess process;
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(qEnvironmentVariable("ATLAS_TEST_CLUSTER_SCRIPT",
                                       QStringLiteral(ATLAS_SOURCE_DIR "/infra/local/cluster.sh")),
                  QStringList{QStringLiteral("--state"), m_directory, QStringLiteral("psql"), name,
                              QStringLiteral("-X"), QStringLiteral("-q"), QStringLiteral("-v"),
                              QStringLiteral("ON_ERROR_STOP=1"), QStringLiteral("-d"), database} +
                      arguments);
    return process.waitForFinished(60'000) && process.exitStatus() == QProcess::NormalExit &&
           process.exitCode() == 0;
}

db::Endpoint TestCluster::endpointThrough(int proxyPort, const QString& name, const QString& login,
                                          bool readOnly) const
{
    db::Endpoint through = endpoint(name, login, readOnly);
    through.info.set(QStringLiteral("hostaddr"), QStringLiteral("127.0.0.1"));
    through.info.set(QStringLiteral("port"), QString::number(proxyPort));
    through.info.set(QStringLiteral("password"), password(name, login));
    return through;
}

} // namespace atlas::test
