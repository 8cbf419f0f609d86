// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/environment/environmentstore.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
#include <QStandardPaths>

#include <algorithm>

namespace atlas {

namespace {

constexpr const char* localVariable = "ATLAS_LOCAL_ENVIRONMENT";

db::DbError badArgument(const QString& message)
{
    db::DbError error;
    error.kind = db::ErrorKind::BadArgument;
    error.message = message;
    return error;
}

void sortByName(QList<Environment>& environments)
{
    std::sort(environments.begin(), environments.end(), [](const Environment& a, const Environment& b) {
        return a.name.localeAwareCompare(b.name) < 0;
    });
}

} // namespace

QString EnvironmentStore::defaultPath()
{
    // Not AppConfigLocation: it depends on the application's name, and atlasctl reads the same file.
    return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
           QStringLiteral("/atlas-console/environments.json");
}

EnvironmentStore::EnvironmentStore(const QString& path)
    : m_path(path)
{
    load();
    const QString localFile = qEnvironmentVariable(localVariable);
    if (!localFile.isEmpty()) {
        if (const db::Status used = useLocalFile(localFile); !used)
            m_notices << QStringLiteral("The local cluster's environment was left out. %1")
                             .arg(used.error().message);
    }
}

void EnvironmentStore::load()
{
    QFile file(m_path);
    if (!file.exists())
        return;
    QString problem;
    if (!file.open(QIODevice::ReadOnly)) {
        m_notices << QStringLiteral("%1 cannot be read: %2").arg(m_path, file.errorString());
        return;
    }
    QJsonParseError parseError;
    const QJsonDocument document = QJsonDocument::fromJson(file.readAll(), &parseError);
    file.close();
    if (parseError.error != QJsonParseError::NoError)
        problem = QStringLiteral("it is not JSON (%1 at byte %2)")
                      .arg(parseError.errorString())
                      .arg(parseError.offset);
    else if (!document.object().value(QLatin1String("environments")).isArray())
        problem = QStringLiteral("it holds no list of environments");

    bool keepAside = !problem.isEmpty();
    const QJsonArray list = document.object().value(QLatin1String("environments")).toArray();
    for (const QJsonValue& value : list) {
        auto environment = Environment::fromJson(value.toObject());
        if (environment) {
            m_stored << std::move(environment).value();
            continue;
        }
        const QString name = value.toObject().value(QLatin1String("name")).toString();
        m_notices << QStringLiteral("The environment \"%1\" was left out. %2")
                         .arg(name, environment.error().message);
        keepAside = true;
    }
    sortByName(m_stored);
    if (!keepAside)
        return;
    // A copy under another name, so that the next save() does not destroy what somebody typed.
    const QString stamp = QDateTime::currentDateTimeUtc().toString(QStringLiteral("yyyyMMdd-HHmmss-zzz"));
    const QString aside = QStringLiteral("%1.broken-%2").arg(m_path, stamp);
    const bool kept = problem.isEmpty() ? QFile::copy(m_path, aside) : QFile::rename(m_path, aside);
    if (kept)
        QFile::setPermissions(aside, QFile::ReadOwner | QFile::WriteOwner);
    if (!problem.isEmpty()) {
        m_notices << (kept
                          ? QStringLiteral(
                                "The list of environments could not be read: %1. It was kept as %2.")
                          : QStringLiteral(
                                "The list of environments could not be read: %1. It could not be moved to %2 "
                                "either; save it yourself before changing anything."))
                         .arg(problem, aside);
    } else if (kept) {
        m_notices << QStringLiteral("A copy of the list as it was is in %1.").arg(aside);
    }
}

QList<Environment> EnvironmentStore::environments() const
{
    QList<Environment> all;
    if (m_local)
        all << *m_local;
    for (const Environment& environment : m_stored) {
        if (!m_local || environment.name != m_local->name)
            all << environment;
    }
    return all;
}

std::optional<Environment> EnvironmentStore::find(const QString& name) const
{
    const QList<Environment> all = environments();
    for (const Environment& environment : all) {
        if (environment.name == name)
            return environment;
    }
    return std::nullopt;
}

bool EnvironmentStore::isLocal(const QString& name) const
{
    return m_local && m_local->name == name;
}

db::Status EnvironmentStore::save(const Environment& environment)
{
    return replace(environment.name, environment);
}

db::Status EnvironmentStore::replace(const QString& oldName, const Environment& environment)
{
    if (const QString problem = environment.validate(); !problem.isEmpty())
        return badArgument(problem);
    if (isLocal(environment.name))
        return badArgument(
            QStringLiteral("\"%1\" is the local cluster's own name. Choose another.").arg(environment.name));
    QList<Environment> next;
    for (const Environment& known : m_stored) {
        if (known.name == environment.name && known.name != oldName)
            return badArgument(
                QStringLiteral("There is already an environment called \"%1\".").arg(known.name));
        if (known.name != oldName)
            next << known;
    }
    next << environment;
    return write(next);
}

db::Status EnvironmentStore::remove(const QString& name)
{
    QList<Environment> next;
    for (const Environment& known : m_stored) {
        if (known.name != name)
            next << known;
    }
    if (next.size() == m_stored.size())
        return badArgument(QStringLiteral("There is no environment called \"%1\" to remove.").arg(name));
    return write(next);
}

db::Status EnvironmentStore::write(const QList<Environment>& environments)
{
    QJsonArray list;
    for (const Environment& environment : environments)
        list.append(environment.toJson());
    const QString folder = QFileInfo(m_path).absolutePath();
    if (!QDir().mkpath(folder))
        return badArgument(QStringLiteral("The folder %1 cannot be made.").arg(folder));
    QSaveFile file(m_path);
    if (!file.open(QIODevice::WriteOnly))
        return badArgument(QStringLiteral("%1 cannot be written: %2").arg(m_path, file.errorString()));
    // Before anything is in it: host names and logins are nobody else's business.
    file.setPermissions(QFile::ReadOwner | QFile::WriteOwner);
    QJsonObject document;
    document.insert(QLatin1String("version"), 1);
    document.insert(QLatin1String("environments"), list);
    file.write(QJsonDocument(document).toJson());
    if (!file.commit())
        return badArgument(QStringLiteral("%1 cannot be written: %2").arg(m_path, file.errorString()));
    m_stored = environments;
    sortByName(m_stored);
    return db::success();
}

QString EnvironmentStore::findLocalFile(const QString& start)
{
    const QString named = qEnvironmentVariable(localVariable);
    if (!named.isEmpty())
        return named;
    QDir folder(start);
    do {
        const QString candidate = folder.absoluteFilePath(QStringLiteral(".atlas/cluster/environment.json"));
        if (QFileInfo(candidate).isReadable())
            return candidate;
    } while (folder.cdUp());
    return {};
}

db::Status EnvironmentStore::useLocalFile(const QString& file)
{
    auto environment = Environment::fromFile(file);
    if (!environment)
        return environment.error();
    m_local = std::move(environment).value();
    return db::success();
}

db::Result<Environment> resolveEnvironment(const EnvironmentStore& store, const QString& environmentName,
                                           const QString& serviceName)
{
    QString name = environmentName;
    if (name.isEmpty() && !serviceName.isEmpty()) {
        Environment environment;
        environment.name = serviceName;
        environment.color = QStringLiteral("#6c7a89");
        environment.primary.set(QStringLiteral("service"), serviceName);
        return environment;
    }
    if (name.isEmpty())
        name = qEnvironmentVariable("ATLAS_ENVIRONMENT");
    if (!name.isEmpty()) {
        if (const std::optional<Environment> found = store.find(name))
            return *found;
        QStringList known;
        const QList<Environment> all = store.environments();
        for (const Environment& environment : all)
            known << QStringLiteral("\"%1\"").arg(environment.name);
        return badArgument(
            known.isEmpty()
                ? QStringLiteral("There is no environment called \"%1\", nor any other yet.").arg(name)
                : QStringLiteral("There is no environment called \"%1\". There are: %2.")
                      .arg(name, known.join(QStringLiteral(", "))));
    }
    Environment environment;
    environment.name = QStringLiteral("libpq");
    environment.color = QStringLiteral("#6c7a89");
    return environment;
}

} // namespace atlas
