// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/environments/secretstore.h"

#include <QCoreApplication>
#include <QPointer>
#include <QTimer>

#include <chrono>
#include <memory>

#include "db/utf8.h"

#ifdef ATLAS_HAVE_KEYCHAIN
#include <qt6keychain/keychain.h>
#endif

namespace atlas::gui::secrets {

namespace {

const char* const serviceName = "atlas-console";
constexpr std::chrono::seconds patience(3);

/// Calls `done` once: with the job's answer or after `patience`, and not at all when the receiver is gone.
struct Once
{
    QPointer<QObject> receiver;
    std::function<void(QString)> done;
    bool finished = false;

    void finish(const QString& error)
    {
        if (finished)
            return;
        finished = true;
        if (receiver)
            done(error);
    }
};

#ifdef ATLAS_HAVE_KEYCHAIN
/// Not the receiver: a password that was saved is written also when the dialog is closed meanwhile.
QObject* jobParent()
{
    return QCoreApplication::instance();
}

template<class Job>
void run(Job* job, const QString& key, QObject* receiver, std::function<void(QString)> done)
{
    auto once = std::make_shared<Once>(Once{receiver, std::move(done)});
    job->setAutoDelete(true);
    // Its fallback is a file in plain text.
    job->setInsecureFallback(false);
    job->setKey(key);
    QObject::connect(job, &QKeychain::Job::finished, receiver, [once](QKeychain::Job* finished) {
        once->finish(finished->error() == QKeychain::NoError ? QString() : finished->errorString());
    });
    QTimer::singleShot(patience, receiver,
                       [once] { once->finish(QObject::tr("The system keychain does not answer.")); });
    job->start();
}
#endif

[[maybe_unused]] void refuse(QObject* receiver, std::function<void(QString)> done)
{
    QTimer::singleShot(0, receiver, [done = std::move(done)] {
        done(QObject::tr("This build has no keychain. Put the password into ~/.pgpass instead."));
    });
}

} // namespace

bool isAvailable()
{
#ifdef ATLAS_HAVE_KEYCHAIN
    return true;
#else
    return false;
#endif
}

QString keyFor(const QString& environment, bool isWarehouse, const QString& login)
{
    // '/' cannot separate unescaped: it may be in any of the names.
    const auto escaped = [](QString part) {
        return part.replace(QLatin1Char('%'), QLatin1String("%25"))
            .replace(QLatin1Char('/'), QLatin1String("%2F"));
    };
    return QStringLiteral("%1/%2/%3")
        .arg(escaped(environment), isWarehouse ? QStringLiteral("warehouse") : QStringLiteral("cluster"),
             escaped(login));
}

QStringList keysOf(const Environment& environment)
{
    QStringList keys;
    const QString userKeyword = QStringLiteral("user");
    QStringList users = {environment.primary.value(userKeyword)};
    for (const NamedConnection& replica : environment.replicas)
        users << replica.info.value(userKeyword);
    users << environment.logins.values();
    for (const QString& user : users)
        keys << keyFor(environment.name, false, user);
    if (environment.warehouse) {
        keys << keyFor(environment.name, true, environment.warehouse->info.value(userKeyword));
        for (const QString& login : environment.logins)
            keys << keyFor(environment.name, true, login);
    }
    keys.removeDuplicates();
    return keys;
}

void rename(const Environment& environment, const QString& newName, QObject* receiver,
            std::function<void(QString)> done)
{
    const QStringList before = keysOf(environment);
    Environment renamed = environment;
    renamed.name = newName;
    const QStringList after = keysOf(renamed);
    readAll(before, receiver,
            [before, after, receiver, done = std::move(done)](const QMap<QString, QString>& found) {
                struct Moving
                {
                    qsizetype left = 0;
                    QString problem;
                };
                auto moving = std::make_shared<Moving>(Moving{found.size(), {}});
                if (found.isEmpty())
                    done({});
                for (qsizetype i = 0; i < before.size(); ++i) {
                    const auto password = found.constFind(before.at(i));
                    if (password == found.constEnd())
                        continue;
                    write(after.at(i), *password, receiver,
                          [moving, old = before.at(i), receiver, done](const QString& error) {
                              // What could not be written stays under its old name: nothing is lost.
                              if (error.isEmpty())
                                  remove(old, receiver, [](const QString&) {});
                              else
                                  moving->problem = error;
                              if (--moving->left == 0)
                                  done(moving->problem);
                          });
                }
            });
}

void write(const QString& key, const QString& password, QObject* receiver, std::function<void(QString)> done)
{
#ifdef ATLAS_HAVE_KEYCHAIN
    auto* job = new QKeychain::WritePasswordJob(QLatin1String(serviceName), jobParent());
    job->setTextData(password);
    run(job, key, receiver, std::move(done));
#else
    Q_UNUSED(key)
    Q_UNUSED(password)
    refuse(receiver, std::move(done));
#endif
}

void remove(const QString& key, QObject* receiver, std::function<void(QString)> done)
{
#ifdef ATLAS_HAVE_KEYCHAIN
    run(new QKeychain::DeletePasswordJob(QLatin1String(serviceName), jobParent()), key, receiver,
        std::move(done));
#else
    Q_UNUSED(key)
    refuse(receiver, std::move(done));
#endif
}

void readAll(const QStringList& keys, QObject* receiver, std::function<void(QMap<QString, QString>)> done)
{
#ifdef ATLAS_HAVE_KEYCHAIN
    struct Reading
    {
        QMap<QString, QString> found;
        qsizetype left = 0;
        std::function<void(QMap<QString, QString>)> done;
    };
    auto reading = std::make_shared<Reading>();
    reading->left = keys.size();
    reading->done = std::move(done);
    for (const QString& key : keys) {
        auto* job = new QKeychain::ReadPasswordJob(QLatin1String(serviceName), jobParent());
        const QPointer<QKeychain::ReadPasswordJob> guarded(job);
        run(job, key, receiver, [reading, key, guarded](const QString& error) {
            if (error.isEmpty() && guarded)
                reading->found.insert(key, db::textOf(guarded->binaryData()));
            if (--reading->left == 0)
                reading->done(reading->found);
        });
    }
    if (!keys.isEmpty())
        return;
    done = reading->done;
#else
    Q_UNUSED(keys)
#endif
    QTimer::singleShot(0, receiver, [done = std::move(done)] { done({}); });
}

void withPassword(const db::Endpoint& endpoint, const QString& environment, QObject* receiver,
                  std::function<void(db::Endpoint)> done)
{
    const QString password = QStringLiteral("password");
    if (environment.isEmpty() || !isAvailable() || !endpoint.info.value(password).isEmpty()) {
        done(endpoint);
        return;
    }
    const QString key = keyFor(environment, endpoint.role == db::EndpointRole::Warehouse,
                               endpoint.info.value(QStringLiteral("user")));
    readAll({key}, receiver,
            [endpoint, key, password, done = std::move(done)](const QMap<QString, QString>& found) {
                db::Endpoint complete = endpoint;
                complete.info.set(password, found.value(key));
                done(complete);
            });
}

} // namespace atlas::gui::secrets
