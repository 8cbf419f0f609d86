// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/environments/connectiontest.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "db/statement.h"
#include "gui/environments/secretstore.h"

namespace atlas::gui {

namespace {

constexpr std::chrono::seconds testPatience(8);

QString purposeWord(Purpose purpose)
{
    switch (purpose) {
    case Purpose::Analyst:
        return QObject::tr("Analyst");
    case Purpose::Operator:
        return QObject::tr("Operator");
    case Purpose::Admin:
        return QObject::tr("Admin");
    default:
        return purposeName(purpose);
    }
}

QString adviceText(const db::DbError& error)
{
    const Advice advice = adviceFor(error);
    return advice.todo.isEmpty() ? advice.what : QStringLiteral("%1 %2").arg(advice.what, advice.todo);
}

bool lacksSchema(const LoginTrial& trial)
{
    if (trial.accessError) // undefined_table, invalid_schema_name
        return trial.accessError->sqlState == QLatin1String("42P01") ||
               trial.accessError->sqlState == QLatin1String("3F000");
    return trial.access && !trial.access->hasSchema;
}

/// The role whose rights a purpose needs and this login does not have; empty: none.
QString missingGroup(Purpose purpose, const QStringList& groups)
{
    const QString admin = QStringLiteral("atlas_admin");
    const QString operating = QStringLiteral("atlas_operator");
    // Each may do what the ones before it may.
    if (purpose == Purpose::Admin)
        return groups.contains(admin) ? QString() : admin;
    if (purpose == Purpose::Operator)
        return groups.contains(admin) || groups.contains(operating) ? QString() : operating;
    return groups.isEmpty() ? QStringLiteral("atlas_analyst") : QString();
}

/// What a login that was let in may not do, though it is for that.
QStringList lacks(const LoginTrial& trial)
{
    if (lacksSchema(trial))
        return {}; // of the database, not of the login
    if (trial.accessError) {
        if (trial.accessError->kind == db::ErrorKind::Permission)
            return {QObject::tr("It may not read the platform's tables: ask an administrator to grant it a "
                                "role that may.")};
        return {QObject::tr("What it may do could not be asked: %1").arg(adviceText(*trial.accessError))};
    }
    if (!trial.access)
        return {};
    QStringList missing;
    if (trial.access->hasGroups) {
        for (const Purpose purpose : trial.purposes) {
            const QString group = missingGroup(purpose, trial.access->groups);
            if (!group.isEmpty())
                missing << QObject::tr("It lacks the role %1. An administrator gives it: grant %1 to %2;")
                               .arg(group, QString::fromUtf8(db::quoteIdentifier(trial.state.serverUser)));
        }
    }
    if (missing.isEmpty() && !trial.access->mayRead)
        missing << QObject::tr(
            "It may not read the platform's tables: its role lacks the grants that atlasctl "
            "schema apply makes.");
    return missing;
}

/// What is wrong with the server itself, whoever logs in.
QStringList serverProblems(db::EndpointRole role, const db::ConnectionInfo& info,
                           const db::EndpointState& state)
{
    QStringList problems;
    if (role != db::EndpointRole::Warehouse && state.isRedshift)
        problems << QObject::tr("This is a warehouse, not PostgreSQL: enter it under Warehouse.");
    if (role == db::EndpointRole::Primary && state.inRecovery.value_or(false))
        problems << QObject::tr(
            "This is a replica, not a primary: it only takes reads. Enter it under Replicas.");
    if (role == db::EndpointRole::Replica && !state.inRecovery.value_or(true))
        problems << QObject::tr(
            "This is a primary, not a replica: reads meant for a replica would burden it.");
    if (!state.isRedshift && state.serverVersion > 0 && state.serverVersion < 150000)
        problems << QObject::tr("PostgreSQL 15 or later is needed.");
    const QString host = info.value(QStringLiteral("host"));
    if (!state.tls && !host.isEmpty() && !host.startsWith(QLatin1Char('/')))
        problems << QObject::tr("Anyone on the way can read along: set TLS to verify-full.");
    return problems;
}

QString serverText(const db::EndpointState& state)
{
    const QString server =
        state.isRedshift
            ? QObject::tr("Amazon Redshift")
            : QObject::tr("PostgreSQL %1.%2").arg(state.serverVersion / 10000).arg(state.serverVersion % 100);
    return QStringLiteral("%1, %2.").arg(server,
                                         state.tls ? QObject::tr("encrypted") : QObject::tr("not encrypted"));
}

QString roleText(db::EndpointRole role)
{
    switch (role) {
    case db::EndpointRole::Primary:
        return QObject::tr("It is a primary.");
    case db::EndpointRole::Replica:
        return QObject::tr("It is a replica.");
    case db::EndpointRole::Warehouse:
        break;
    }
    return {};
}

QString whoText(const LoginTrial& trial)
{
    QStringList words;
    for (const Purpose purpose : trial.purposes)
        words << purposeWord(purpose);
    return words.join(QStringLiteral(", "));
}

QString refusedText(const LoginTrial& trial)
{
    const QString who =
        trial.user.isEmpty() ? whoText(trial) : QObject::tr("%1, as %2").arg(whoText(trial), trial.user);
    QString text = QStringLiteral("%1: %2").arg(who, adviceText(*trial.error));
    if (!trial.isChosen)
        text += QLatin1Char(' ') +
                (trial.user.isEmpty()
                     ? QObject::tr("No login is set for it under Logins, so libpq's default is used.")
                     : QObject::tr("No login is set for it under Logins, so the connection's user is."));
    return text;
}

} // namespace

QString pgpassLine(const db::ConnectionInfo& info, const QString& user)
{
    const auto part = [](QString text) {
        if (text.isEmpty())
            return QStringLiteral("*");
        return text.replace(QLatin1Char('\\'), QLatin1String("\\\\"))
            .replace(QLatin1Char(':'), QLatin1String("\\:"));
    };
    return QStringLiteral("%1:%2:%3:%4:%5")
        .arg(part(info.value(QStringLiteral("host"))), part(info.value(QStringLiteral("port"))),
             part(info.value(QStringLiteral("dbname"))), part(user), QObject::tr("PASSWORD"));
}

QList<LoginTrial> loginTrials(db::EndpointRole role, const QMap<Purpose, QString>& logins,
                              const db::ConnectionInfo& info)
{
    QList<LoginTrial> trials;
    for (const Purpose purpose : consolePurposes) {
        const bool isChosen = purpose == Purpose::Analyst || !logins.value(purpose).isEmpty();
        // Admins change things: on the primary only, and only where somebody set a login for it.
        if (purpose == Purpose::Admin && (role != db::EndpointRole::Primary || !isChosen))
            continue;
        const QString user = loginFor(logins, purpose, info);
        const auto same = std::find_if(trials.begin(), trials.end(),
                                       [&user](const LoginTrial& trial) { return trial.user == user; });
        if (same == trials.end()) {
            LoginTrial trial;
            trial.user = user;
            trial.purposes = {purpose};
            trial.isChosen = isChosen;
            trials << trial;
        } else if (isChosen) {
            same->purposes << purpose;
            same->isChosen = true;
        }
    }
    return trials;
}

TestReport testReport(db::EndpointRole role, const db::ConnectionInfo& info, const QList<LoginTrial>& trials)
{
    using Kind = MessageStrip::Kind;
    TestReport report;
    // Where nobody can get to, it does not matter who.
    if (trials.size() == 1 && trials.constFirst().error && !refusesLogin(*trials.constFirst().error)) {
        report.kind = Kind::Error;
        report.text = adviceText(*trials.constFirst().error);
        report.details = errorDetails(*trials.constFirst().error);
        return report;
    }
    QStringList lines;
    QStringList details;
    const auto letIn =
        std::find_if(trials.cbegin(), trials.cend(), [](const LoginTrial& trial) { return !trial.error; });
    if (letIn != trials.cend()) {
        QStringList problems = serverProblems(role, info, letIn->state);
        if (problems.isEmpty()) {
            const QString kind = roleText(role);
            lines << (kind.isEmpty() ? serverText(letIn->state)
                                     : QStringLiteral("%1 %2").arg(serverText(letIn->state), kind));
        } else {
            lines << QStringLiteral("%1 %2").arg(serverText(letIn->state), problems.join(QLatin1Char(' ')));
            report.kind = Kind::Warning;
        }
        if (std::any_of(trials.cbegin(), trials.cend(), lacksSchema)) {
            lines << (role == db::EndpointRole::Warehouse
                          ? QObject::tr("This database has no schema atlas: check the name of the database, "
                                        "or have it made there as docs/platform.md says.")
                          : QObject::tr("This database has no schema atlas with the platform's tables: check "
                                        "the name of the database, or have its owner run atlasctl schema "
                                        "apply."));
            report.kind = Kind::Warning;
        }
    }
    for (const LoginTrial& trial : trials) {
        if (trial.error) {
            report.kind = Kind::Error;
            lines << refusedText(trial);
            details << QStringLiteral("%1: %2").arg(whoText(trial), errorDetails(*trial.error));
            if (trial.error->kind == db::ErrorKind::Authentication && !trial.hasPassword)
                details
                    << QObject::tr("A line for ~/.pgpass (mode 0600): %1").arg(pgpassLine(info, trial.user));
            continue;
        }
        QStringList sentences = {
            QObject::tr("%1: logged in as %2.").arg(whoText(trial), trial.state.serverUser)};
        const QStringList missing = lacks(trial);
        if (!missing.isEmpty() && report.kind != Kind::Error)
            report.kind = Kind::Warning;
        sentences << missing;
        lines << sentences.join(QLatin1Char(' '));
        if (trial.accessError)
            details << QStringLiteral("%1: %2").arg(whoText(trial), errorDetails(*trial.accessError));
    }
    report.text = lines.join(QLatin1Char('\n'));
    report.details = details.join(QLatin1Char('\n'));
    return report;
}

ConnectionTest::ConnectionTest(db::Client* client, QObject* parent)
    : QObject(parent)
    , m_client(client)
{
}

ConnectionTest::~ConnectionTest()
{
    stop();
}

void ConnectionTest::start(const Question& question, std::function<void(const TestReport&)> done)
{
    stop();
    m_question = question;
    m_done = std::move(done);
    m_trials = loginTrials(question.role, question.logins, question.info);
    tryLogin(0);
}

void ConnectionTest::stop()
{
    ++m_generation;
    m_done = nullptr;
    if (m_client && !m_asked.isEmpty())
        m_client->removeEndpoint(m_asked);
    m_asked.clear();
}

void ConnectionTest::tryLogin(qsizetype index)
{
    LoginTrial& trial = m_trials[index];
    const QString password = m_question.typedPassword ? m_question.typedPassword(trial.user) : QString();
    trial.hasPassword = !password.isEmpty();
    db::Endpoint endpoint;
    endpoint.id = m_question.node;
    endpoint.role = m_question.role;
    endpoint.info = m_question.info;
    endpoint.info.set(QStringLiteral("user"), trial.user);
    endpoint.info.set(QStringLiteral("password"), password);
    endpoint.maxConnections = 1;
    const quint64 generation = m_generation;
    // With nothing typed it is the password that will be used.
    secrets::withPassword(endpoint, m_question.keychain, this,
                          [this, generation, index](const db::Endpoint& complete) {
                              if (generation != m_generation || !m_client)
                                  return;
                              m_client->testEndpoint(complete, testPatience, this,
                                                     [this, generation, index,
                                                      complete](const db::Result<db::EndpointState>& answer) {
                                                         if (generation != m_generation)
                                                             return;
                                                         if (answer) {
                                                             m_trials[index].state = *answer;
                                                             askAccess(index, complete);
                                                         } else {
                                                             m_trials[index].error = answer.error();
                                                             goOn(index);
                                                         }
                                                     });
                          });
}

void ConnectionTest::askAccess(qsizetype index, const db::Endpoint& endpoint)
{
    const bool isWarehouse =
        endpoint.role == db::EndpointRole::Warehouse || m_trials.at(index).state.isRedshift;
    db::Endpoint asked = endpoint;
    // Not a node of any environment: lives for one statement.
    asked.id = QStringLiteral("test of %1").arg(m_question.node);
    m_asked = asked.id;
    m_client->setEndpoint(asked);
    const quint64 generation = m_generation;
    m_client->query(asked.id,
                    isWarehouse ? discovery::warehouseAccessStatement() : discovery::accessStatement(), this,
                    [this, generation, index, isWarehouse](const db::Result<db::ResultSet>& answer) {
                        if (generation != m_generation)
                            return;
                        m_client->removeEndpoint(std::exchange(m_asked, {}));
                        LoginTrial& trial = m_trials[index];
                        if (!answer) {
                            trial.accessError = answer.error();
                            trial.accessError->endpoint = m_question.node;
                        } else if (!isWarehouse) {
                            trial.access = discovery::accessOf(*answer);
                        }
                        goOn(index);
                    });
}

void ConnectionTest::goOn(qsizetype index)
{
    const LoginTrial& trial = m_trials.at(index);
    const bool isReachable = !trial.error || refusesLogin(*trial.error);
    if (isReachable && index + 1 < m_trials.size()) {
        tryLogin(index + 1);
        return;
    }
    m_trials.resize(index + 1);
    const auto done = std::exchange(m_done, nullptr);
    done(testReport(m_question.role, m_question.info, m_trials));
}

} // namespace atlas::gui
