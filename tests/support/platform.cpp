// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/platform.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QDir>
#include <QProcess>
#include <QRandomGenerator>
#include <QThread>

namespace atlas::test {

namespace {

QProcessEnvironment environmentOf(const TestCluster& cluster)
{
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("ATLAS_LOCAL_ENVIRONMENT"),
                       QDir(cluster.stateDirectory()).filePath(QStringLiteral("environment.json")));
    environment.insert(QStringLiteral("ATLAS_ENVIRONMENT"), QStringLiteral("local"));
    return environment;
}

Ran run(const QString& program, const QStringList& arguments, const QProcessEnvironment& environment,
        const QByteArray& input, int timeout)
{
    QProcess process;
    process.setProcessEnvironment(environment);
    process.start(program, arguments);
    Ran ran;
    if (!process.waitForStarted(10'000)) {
        ran.err = process.errorString().toUtf8();
        return ran;
    }
    if (!input.isEmpty())
        process.write(input);
    process.closeWriteChannel();
    if (!process.waitForFinished(timeout)) {
        process.kill();
        process.waitForFinished(5000);
        ran.err =
            "did not end within " + QByteArray::number(timeout) + " ms: " + process.readAllStandardError();
        return ran;
    }
    ran.status = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2;
    ran.out = process.readAllStandardOutput();
    ran.err = process.readAllStandardError();
    return ran;
}

/// As infra/local names its slots: "replica_1", "atlas_warehouse".
QString nodeOf(QString slot)
{
    if (slot == QLatin1String("atlas_warehouse"))
        return QStringLiteral("warehouse");
    return slot.startsWith(QLatin1String("replica_")) ? slot.replace(QLatin1Char('_'), QLatin1Char('-'))
                                                      : slot;
}

} // namespace

db::Statement sql(const QByteArray& text, const QList<db::Param>& params)
{
    db::Statement statement;
    statement.name = QStringLiteral("test");
    statement.sql = text;
    statement.params = params;
    return statement;
}

void Platform::use(const TestCluster& cluster)
{
    m_cluster = cluster;
    m_client = std::make_unique<db::Client>();
}

QString Platform::prepare(const TestCluster& cluster)
{
    use(cluster);
    const Ran applied = ctl({QStringLiteral("schema"), QStringLiteral("apply")});
    if (applied.status != 0)
        return QStringLiteral("atlasctl schema apply: ") + QString::fromUtf8(applied.err);
    const QString script = qEnvironmentVariable("ATLAS_TEST_CLUSTER_SCRIPT",
                                                QStringLiteral(ATLAS_SOURCE_DIR "/infra/local/cluster.sh"));
    const Ran subscribed =
        run(script, {QStringLiteral("--state"), cluster.stateDirectory(), QStringLiteral("subscribe")},
            QProcessEnvironment::systemEnvironment(), {}, 60'000);
    if (subscribed.status != 0)
        return QStringLiteral("cluster.sh subscribe: ") + QString::fromUtf8(subscribed.err + subscribed.out);
    return {};
}

Ran Platform::ctl(const QStringList& arguments, const QByteArray& input, int timeoutMilliseconds) const
{
    return run(qEnvironmentVariable("ATLAS_CTL"), arguments, environmentOf(m_cluster), input,
               timeoutMilliseconds);
}

QString Platform::import(const QString& tenant, const QByteArray& jsonLines) const
{
    const Ran ran =
        ctl({QStringLiteral("import"), QStringLiteral("--tenant"), tenant, QStringLiteral("--create"),
             QStringLiteral("--rejects"), QStringLiteral("/dev/null"), QStringLiteral("-")},
            jsonLines);
    return ran.status == 0 ? QString() : QString::fromUtf8(ran.err);
}

QString Platform::freshName(const QString& stem)
{
    // The stem may hold a "%1" of its own.
    return stem +
           QStringLiteral(" %1").arg(QRandomGenerator::system()->generate64(), 16, 16, QLatin1Char('0'));
}

std::unique_ptr<db::BlockingSession> Platform::open(const QString& node, const QString& login, bool readOnly)
{
    db::Endpoint endpoint = m_cluster.endpoint(node, login, readOnly);
    endpoint.id = node + QLatin1Char('#') + login + (readOnly ? QStringLiteral("#ro") : QString());
    endpoint.maxConnections = 16;
    if (m_client->state(endpoint.id).link == db::EndpointState::Link::Unknown)
        m_client->setEndpoint(endpoint);
    // A server that a test has killed and started again is still recovering, or was when it was last asked.
    const QDeadlineTimer deadline(60'000);
    for (;;) {
        auto session = db::BlockingSession::open(*m_client, endpoint.id);
        if (session)
            return std::move(session).value();
        if (session.error().kind != db::ErrorKind::Unavailable || deadline.hasExpired()) {
            qWarning("%s", qPrintable(session.error().text()));
            return nullptr;
        }
        QThread::msleep(50);
    }
}

int Platform::tenantId(const QString& name)
{
    auto session = open(QStringLiteral("primary"), QStringLiteral("owner"));
    if (!session)
        return 0;
    const auto rows =
        session->exec(sql("select tenant_id from atlas.tenants where name = $1", {db::param(name)}));
    return rows && rows->rowCount() == 1 ? static_cast<int>(rows->integer(0, 0).value_or(0)) : 0;
}

bool Platform::waitForEveryNode(int milliseconds, QString* problem)
{
    // Waiting for a server is not for the thread of a window: the db layer refuses it.
    if (qApp->inherits("QGuiApplication") && QThread::currentThread() == qApp->thread()) {
        bool caughtUp = false;
        const std::unique_ptr<QThread> waiter(
            QThread::create([&] { caughtUp = waitForEveryNode(milliseconds, problem); }));
        waiter->start();
        return waiter->wait() && caughtUp;
    }
    const auto fail = [problem](const QString& why) {
        if (problem)
            *problem = why;
        else
            qWarning("%s", qPrintable(why));
        return false;
    };
    QDeadlineTimer deadline(milliseconds);
    auto primary = open(QStringLiteral("primary"), QStringLiteral("operator"), true);
    if (!primary)
        return fail(QStringLiteral("primary: no session"));
    const auto lsn = primary->exec(sql("select pg_current_wal_lsn()"));
    if (!lsn)
        return fail(QStringLiteral("primary: ") + lsn.error().text());
    // The warehouse's slot confirms what was applied; physical senders what was replayed.
    const auto waiting = sql(R"(
        select coalesce(s.slot_name, r.application_name), coalesce(s.wal_status = 'lost', false),
               concat_ws(', ', case when s.wal_status = 'lost' then 'its slot has lost WAL that it needs'
                                    when not s.active then 'not connected' else r.state end,
                         'slot ' || s.wal_status,
                         pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(),
                             coalesce(r.replay_lsn, s.confirmed_flush_lsn, s.restart_lsn))) || ' behind')
          from pg_replication_slots s full join pg_stat_replication r on r.pid = s.active_pid
         where r.replay_lsn < $1::pg_lsn or not s.active
            or s.slot_type = 'logical' and s.confirmed_flush_lsn < $1::pg_lsn
         order by 1)",
                             {db::param(lsn->string(0, 0))});
    QString last;
    while (!deadline.hasExpired()) {
        const auto left = primary->exec(waiting);
        if (left && left->rowCount() == 0)
            return true;
        QStringList nodes;
        bool isLost = false;
        for (int row = 0; left && row < left->rowCount(); ++row) {
            nodes.append(nodeOf(left->string(row, 0)) + QStringLiteral(": ") + left->string(row, 2));
            isLost = isLost || left->boolean(row, 1);
        }
        last = left ? nodes.join(QStringLiteral("; ")) : QStringLiteral("primary: ") + left.error().text();
        if (isLost)
            return fail(last);
        QThread::msleep(20);
    }
    return fail(QStringLiteral("%1 (after %2 s)").arg(last).arg(milliseconds / 1000));
}

} // namespace atlas::test
