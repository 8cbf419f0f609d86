// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QPointer>
#include <QWidget>

#include <functional>

#include "db/client.h"
#include "gui/environments/connectionform.h"
#include "model/environment/environment.h"

class QLineEdit;
class QListWidget;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace atlas::gui {

class BusyIndicator;
class MessageStrip;

/// The replicas of an environment: a list, one form, and a button that asks the primary which it has.
class ReplicasPane : public QWidget
{
    Q_OBJECT
public:
    explicit ReplicasPane(db::Client* client, QWidget* parent = nullptr);
    ~ReplicasPane() override;

    /// `drafts` in the same order; what is missing there is empty.
    void setReplicas(const QList<NamedConnection>& replicas, const QList<ConnectionDraft>& drafts = {});
    QList<NamedConnection> replicas() const { return m_replicas; }
    QList<ConnectionDraft> drafts() const { return m_drafts; }
    /// Of the same replicas: other passwords.
    void setDrafts(const QList<ConnectionDraft>& drafts);
    /// Where to ask for replicas.
    void setPrimary(const db::ConnectionInfo& info) { m_primary = info; }
    void setLogins(const QMap<Purpose, QString>& logins);
    /// See ConnectionForm::setPasswordSource().
    void setPasswordSource(const std::function<QString(const QString& login)>& source);
    /// See ConnectionForm::setKeychain().
    void setKeychain(const QString& environment);
    void setReadOnly(bool readOnly);
    /// What is wrong with what is typed for one of them, which is shown then; empty: nothing.
    QString showProblem();
    ConnectionForm* form() const { return m_form; }
    MessageStrip* strip() const { return m_strip; }

    void add();
    void find();

Q_SIGNALS:
    void edited();

private:
    void fillList(int current);
    void showCurrent();
    QString freeName() const;
    void ask(const db::Endpoint& endpoint, quint64 generation);
    void addFound(const db::ResultSet& rows);

    QPointer<db::Client> m_client; ///< may go before us when the application ends
    QList<NamedConnection> m_replicas;
    QList<ConnectionDraft> m_drafts; ///< in the order of the replicas
    db::ConnectionInfo m_primary;
    QMap<Purpose, QString> m_logins;
    std::function<QString(const QString&)> m_passwordOf;
    QString m_keychain;
    quint64 m_findGeneration = 0; ///< what was asked for another environment is not listed in this one
    bool m_filling = false;
    bool m_readOnly = false;
    QListWidget* m_list = nullptr;
    QPushButton* m_find = nullptr;
    BusyIndicator* m_busy = nullptr;
    QToolButton* m_add = nullptr;
    QToolButton* m_remove = nullptr;
    QLineEdit* m_name = nullptr;
    ConnectionForm* m_form = nullptr;
    QStackedWidget* m_right = nullptr;
    MessageStrip* m_strip = nullptr;
};

} // namespace atlas::gui
