// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

#include <optional>

#include "model/environment/environment.h"

namespace atlas {

/// The environments of this person, in one JSON file that only they may read. Not a QObject, not thread-safe.
class EnvironmentStore
{
public:
    /// Reads the file at once. A file that cannot be read as ours is renamed aside, never overwritten.
    explicit EnvironmentStore(const QString& path = defaultPath());

    /// ~/.config/atlas-console/environments.json, the same for the console and atlasctl.
    static QString defaultPath();
    QString path() const { return m_path; }

    /// The local cluster's (when there is one), then the stored ones by name.
    QList<Environment> environments() const;
    std::optional<Environment> find(const QString& name) const;
    /// True for the environment that comes from a file of the local cluster; it can be used but not edited.
    bool isLocal(const QString& name) const;
    /// What people should be told about loading: a broken file and where it was put, an entry that was left
    /// out.
    QStringList notices() const { return m_notices; }

    /// Adds or replaces by name and writes the file (atomically, mode 0600). Refuses what validate() refuses.
    db::Status save(const Environment& environment);
    /// Replaces `oldName` by the environment, in one write.
    db::Status replace(const QString& oldName, const Environment& environment);
    db::Status remove(const QString& name);

    /// $ATLAS_LOCAL_ENVIRONMENT, else .atlas/cluster/environment.json in `start` or a folder above it; empty:
    /// none.
    static QString findLocalFile(const QString& start);
    /// Uses that file from now on as the local environment.
    db::Status useLocalFile(const QString& file);

private:
    db::Status write(const QList<Environment>& environments);
    void load();

    QString m_path;
    QList<Environment> m_stored;
    std::optional<Environment> m_local;
    QStringList m_notices;
};

/// What --environment and --service mean: the named environment, else a primary-only one of that service,
/// else $ATLAS_ENVIRONMENT, else libpq's own variables and defaults as a primary-only environment called
/// "libpq". BadArgument names the environments there are when the one asked for is not among them.
db::Result<Environment> resolveEnvironment(const EnvironmentStore& store, const QString& environmentName,
                                           const QString& serviceName);

} // namespace atlas
