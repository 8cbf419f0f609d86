// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/machine.h"

#include <QDateTime>
#include <QFile>
#include <QJsonArray>
#include <QProcess>
#include <QSysInfo>
#include <QThread>

#include <unistd.h>

#include "tests/bench/bench.h"

namespace atlas::bench {

namespace {

QString processorModel()
{
    QFile file(QStringLiteral("/proc/cpuinfo"));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    // atEnd() of a file without a size is true from the beginning.
    for (QByteArray line = file.readLine(); !line.isEmpty(); line = file.readLine()) {
        if (line.startsWith("model name"))
            return QString::fromUtf8(line.mid(line.indexOf(':') + 1)).simplified();
    }
    return {};
}

/// Of the sources, which ./atlas builds before it measures.
QString commit()
{
    QProcess git;
    git.start(QStringLiteral("git"),
              {QStringLiteral("-C"), QStringLiteral(ATLAS_SOURCE_DIR), QStringLiteral("describe"),
               QStringLiteral("--always"), QStringLiteral("--dirty"), QStringLiteral("--exclude=*"),
               QStringLiteral("--abbrev=40")});
    if (!git.waitForFinished(10'000) || git.exitStatus() != QProcess::NormalExit || git.exitCode() != 0)
        return {};
    return QString::fromLatin1(git.readAllStandardOutput()).trimmed();
}

QJsonObject describeServer(Context& context)
{
    auto primary = context.platform().open(QStringLiteral("primary"), QStringLiteral("owner"), true);
    if (!primary)
        return {};
    const auto rows = need(
        primary->exec(test::sql("select name, current_setting(name) from pg_settings where name in "
                                "('server_version', 'shared_buffers', 'effective_cache_size', 'work_mem', "
                                "'fsync', 'synchronous_commit', 'full_page_writes', 'max_wal_size', "
                                "'random_page_cost', 'wal_level', 'jit', 'max_parallel_workers_per_gather') "
                                "order by name")));
    QJsonObject settings;
    for (int row = 0; row < rows.rowCount(); ++row)
        settings.insert(rows.string(row, 0), rows.string(row, 1));
    const QJsonValue version = settings.take(QStringLiteral("server_version"));
    return {{QStringLiteral("version"), version}, {QStringLiteral("settings"), settings}};
}

} // namespace

QJsonObject describeMachine(Context* context, const QStringList& arguments)
{
    QJsonObject machine{
        {QStringLiteral("cores"), QThread::idealThreadCount()},
        {QStringLiteral("memory_bytes"),
         static_cast<qint64>(sysconf(_SC_PHYS_PAGES)) * static_cast<qint64>(sysconf(_SC_PAGESIZE))},
        {QStringLiteral("kernel"), QSysInfo::kernelType() + QLatin1Char(' ') +
                                       QSysInfo::kernelVersion().section(QLatin1Char('-'), 0, 0)},
        {QStringLiteral("operating_system"), QSysInfo::prettyProductName()},
        {QStringLiteral("date"), QDateTime::currentDateTimeUtc().toString(Qt::ISODate)},
        {QStringLiteral("program_version"), QStringLiteral(ATLAS_VERSION)},
        {QStringLiteral("arguments"), QJsonArray::fromStringList(arguments)},
        {QStringLiteral("short"), isShort()}};
    if (const QString model = processorModel(); !model.isEmpty())
        machine.insert(QStringLiteral("processor"), model);
    if (const QString known = commit(); !known.isEmpty())
        machine.insert(QStringLiteral("commit"), known);
    if (context)
        machine.insert(QStringLiteral("postgresql"), describeServer(*context));
    return machine;
}

} // namespace atlas::bench
