// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "db/client.h"
#include "db/endpoint.h"

class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;
class QStackedWidget;

namespace atlas::gui {

class BusyIndicator;
class MessageStrip;
class SegmentedControl;

/// One connection, as libpq keywords or as a connection string, with a button that tries it.
class ConnectionForm : public QWidget
{
    Q_OBJECT
public:
    ConnectionForm(db::EndpointRole role, db::Client* client, QWidget* parent = nullptr);

    void setInfo(const db::ConnectionInfo& info);
    /// Never with a password in it.
    db::ConnectionInfo info() const { return m_info; }
    /// Typed since setInfo(), for the keychain; empty: none.
    QString password() const;
    void clearPassword();
    /// For the id in messages ("replica-1"), and who tests when the form names no user.
    void setNode(const QString& node, const QString& fallbackUser);
    /// The environment under whose name passwords are in the keychain; empty: none are.
    void setKeychain(const QString& environment) { m_keychain = environment; }
    void setReadOnly(bool readOnly);
    /// What is wrong with what is typed (a connection string that libpq does not understand).
    QString problem() const { return m_problem; }
    MessageStrip* result() const { return m_result; }

    void test();

Q_SIGNALS:
    void edited();
    void tested(bool worked);

private:
    QLineEdit* addField(QFormLayout* form, const QString& keyword, const QString& label, const QString& hint);
    void fieldsChanged();
    void textChanged();
    void showInFields();
    void showInText();
    void showOthers();
    void showTested(const db::Result<db::EndpointState>& answer);
    void browse(QLineEdit* field, const QString& title);

    db::EndpointRole m_role;
    db::Client* m_client;
    db::ConnectionInfo m_info;
    QString m_node;
    QString m_fallbackUser;
    QString m_keychain;
    QString m_problem;
    bool m_filling = false;
    quint64 m_testGeneration = 0;
    SegmentedControl* m_mode = nullptr;
    QStackedWidget* m_pages = nullptr;
    QList<QLineEdit*> m_fields;
    QComboBox* m_sslMode = nullptr;
    QPlainTextEdit* m_text = nullptr;
    QLabel* m_others = nullptr;
    QLineEdit* m_password = nullptr;
    QPushButton* m_test = nullptr;
    BusyIndicator* m_busy = nullptr;
    MessageStrip* m_result = nullptr;
};

/// Every character of a .pgpass line that needs it escaped; the password itself is left to the reader.
QString pgpassLine(const db::ConnectionInfo& info, const QString& user);

} // namespace atlas::gui
