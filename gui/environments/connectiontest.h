// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QMap>
#include <QObject>
#include <QPointer>
#include <QString>

#include <functional>
#include <optional>

#include "db/client.h"
#include "gui/widgets/messagestrip.h"
#include "model/environment/discovery.h"
#include "model/environment/environment.h"

namespace atlas::gui {

/// A login that is tried, and what came of it.
struct LoginTrial
{
    QString user;             ///< empty: libpq's default
    QList<Purpose> purposes;  ///< what the console needs it for
    bool isChosen = true;     ///< false: nobody set a login for it, it follows from the connection
    bool hasPassword = false; ///< one was typed
    std::optional<db::DbError> error;
    db::EndpointState state; ///< when there is no error
    std::optional<discovery::Access>
        access; ///< neither this nor the next: a warehouse that let itself be read
    std::optional<db::DbError> accessError;
};

/// The logins that the console will use on a node of that role, each once, the analyst's first.
QList<LoginTrial> loginTrials(db::EndpointRole role, const QMap<Purpose, QString>& logins,
                              const db::ConnectionInfo& info);

struct TestReport
{
    MessageStrip::Kind kind = MessageStrip::Kind::Success;
    QString text; ///< a line on the server, then one a login
    QString details;
};
TestReport testReport(db::EndpointRole role, const db::ConnectionInfo& info, const QList<LoginTrial>& trials);

/// What the Test button does: connects as the console will and looks whether each login may do what it is
/// for. One login after the other, each once, and no further where the server cannot be reached.
class ConnectionTest : public QObject
{
    Q_OBJECT
public:
    struct Question
    {
        QString node; ///< for messages ("replica-1")
        db::EndpointRole role = db::EndpointRole::Primary;
        db::ConnectionInfo info;
        QMap<Purpose, QString> logins;
        QString keychain; ///< see ConnectionForm::setKeychain()
        std::function<QString(const QString& login)> typedPassword;
    };

    explicit ConnectionTest(db::Client* client, QObject* parent = nullptr);
    ~ConnectionTest() override;

    /// One at a time: a test under way is given up, and its `done` never called.
    void start(const Question& question, std::function<void(const TestReport&)> done);
    void stop();

private:
    void tryLogin(qsizetype index);
    void askAccess(qsizetype index, const db::Endpoint& endpoint);
    void goOn(qsizetype index);

    QPointer<db::Client> m_client; ///< may go before us when the application ends
    Question m_question;
    std::function<void(const TestReport&)> m_done;
    QList<LoginTrial> m_trials;
    QString m_asked;          ///< the endpoint that lives for one statement; empty: none
    quint64 m_generation = 0; ///< late answers of a test that was given up are dropped
};

/// Every character of a .pgpass line that needs it escaped; the password itself is left to the reader.
QString pgpassLine(const db::ConnectionInfo& info, const QString& user);

} // namespace atlas::gui
