// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <functional>

#include "db/client.h"
#include "db/endpoint.h"
#include "gui/environments/connectiontest.h"

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

/// A password in a field, until the keychain has it.
struct TypedPassword
{
    QString text;
    quint64 turn = 0; ///< of two that are for the same login the one typed later counts
    static TypedPassword now(const QString& password);
};

/// What is typed into a form and is no part of a connection.
struct ConnectionDraft
{
    QString text;    ///< a connection string that libpq does not understand; empty: there is none
    QString problem; ///< what is wrong with it
    TypedPassword password;
};

/// One connection, as libpq keywords or as a connection string, with a button that tries it.
class ConnectionForm : public QWidget
{
    Q_OBJECT
public:
    ConnectionForm(db::EndpointRole role, db::Client* client, QWidget* parent = nullptr);

    void setInfo(const db::ConnectionInfo& info, const ConnectionDraft& draft = {});
    /// Never with a password in it. The last one that was understood.
    db::ConnectionInfo info() const { return m_info; }
    /// With it and info() all that is typed can be shown again.
    ConnectionDraft draft() const;
    /// For the keychain, for the analyst's login here (see loginFor()); empty: none.
    QString password() const { return m_typed.text; }
    void setPassword(const TypedPassword& password);
    /// For the id in messages ("replica-1"), and the logins that the console will use.
    void setNode(const QString& node, const QMap<Purpose, QString>& logins);
    /// The environment under whose name passwords are in the keychain; empty: none are.
    void setKeychain(const QString& environment) { m_keychain = environment; }
    /// Who knows which password is typed for a login, here or elsewhere. Without, it is the one in this form.
    void setPasswordSource(const std::function<QString(const QString& login)>& source)
    {
        m_passwordOf = source;
    }
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
    void showNotes();
    void showProblem(const QString& problem);
    void browse(QLineEdit* field, const QString& title);

    db::EndpointRole m_role;
    ConnectionTest* m_trial = nullptr;
    db::ConnectionInfo m_info;
    QString m_node;
    QMap<Purpose, QString> m_logins;
    QString m_keychain;
    std::function<QString(const QString&)> m_passwordOf;
    TypedPassword m_typed;
    QString m_problem;
    bool m_filling = false;
    bool m_textHasPassword = false; ///< the connection string as it stands
    SegmentedControl* m_mode = nullptr;
    QStackedWidget* m_pages = nullptr;
    QList<QLineEdit*> m_fields;
    QComboBox* m_sslMode = nullptr;
    QPlainTextEdit* m_text = nullptr;
    QLabel* m_others = nullptr;
    QLabel* m_override = nullptr;
    QLineEdit* m_password = nullptr;
    QPushButton* m_test = nullptr;
    BusyIndicator* m_busy = nullptr;
    MessageStrip* m_result = nullptr;
};

} // namespace atlas::gui
