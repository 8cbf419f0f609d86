// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QPointer>
#include <QWidget>

#include "db/client.h"
#include "model/environment/environment.h"

class QLineEdit;
class QListWidget;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace atlas::gui {

class BusyIndicator;
class ConnectionForm;
class MessageStrip;

/// The replicas of an environment: a list, one form, and a button that asks the primary which it has.
class ReplicasPane : public QWidget
{
    Q_OBJECT
public:
    explicit ReplicasPane(db::Client* client, QWidget* parent = nullptr);
    ~ReplicasPane() override;

    void setReplicas(const QList<NamedConnection>& replicas);
    QList<NamedConnection> replicas() const { return m_replicas; }
    /// Where to ask for replicas, with the password typed for it.
    void setPrimary(const db::ConnectionInfo& info) { m_primary = info; }
    void setFallbackUser(const QString& user) { m_fallbackUser = user; }
    /// See ConnectionForm::setKeychain().
    void setKeychain(const QString& environment);
    void setReadOnly(bool readOnly);
    QString problem() const;
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
    db::ConnectionInfo m_primary;
    QString m_fallbackUser;
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
