// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>
#include <QMap>

#include <memory>

#include "db/client.h"
#include "gui/environments/connectionform.h"
#include "model/environment/environmentstore.h"

class QCheckBox;
class QLabel;
class QLineEdit;
class QListWidget;
class QPushButton;
class QTabWidget;
class QToolButton;

namespace atlas::gui {

class MessageStrip;
class ReplicasPane;
class SwatchRow;

/// Add, edit, duplicate, remove and test environments. Edits are drafts until saved: another row can be
/// looked at in between without losing them.
class EnvironmentsDialog : public QDialog
{
    Q_OBJECT
public:
    EnvironmentsDialog(std::shared_ptr<EnvironmentStore> store, db::Client* client,
                       QWidget* parent = nullptr);
    ~EnvironmentsDialog() override;

    void select(const QString& name);
    void addNew();
    QStringList names() const;
    bool hasDrafts() const;
    MessageStrip* strip() const { return m_strip; }

    void reject() override;

Q_SIGNALS:
    void storeChanged();
    /// The keychain has new passwords of an environment that is stored. Comes before storeChanged(): who
    /// connects again by it is up to date then.
    void passwordsChanged(const QString& environment);
    void useRequested(const QString& name);

protected:
    void closeEvent(QCloseEvent* event) override;

private:
    struct Row
    {
        QString storedName; ///< empty: never saved
        Environment environment;
        bool isDraft = false;
        bool isLocal = false;
        // What is typed and in no file: shown again with the row, until it is saved or discarded.
        ConnectionDraft primary;
        QList<ConnectionDraft> replicas; ///< in the order of the environment's
        ConnectionDraft warehouse;
        QMap<Purpose, TypedPassword> loginPasswords;
    };
    /// Login → password, of each of the two worlds.
    struct Passwords
    {
        QMap<QString, QString> cluster;
        QMap<QString, QString> warehouse;
        bool isEmpty() const { return cluster.isEmpty() && warehouse.isEmpty(); }
    };
    /// Those typed for that row and not yet in the keychain, by who will log in with them as it stands.
    static Passwords passwordsOf(const Row& row);
    static QList<TypedPassword*> typedIn(Row& row);
    void fillList(const QString& current);
    void showRow(int row);
    void takeFromForms();
    void tellForms(const Environment& environment);
    void showPasswords(const Row& row);
    void updateRowLook(int row);
    void duplicate();
    void removeCurrent();
    bool saveCurrent();
    void storePasswords(const Row& row);
    void forgetPasswords(Row saved);
    void announceStored(const QString& name, bool areWritten, bool isComplete);
    void use(const QString& name);
    void tellKeychain();
    bool mayClose();
    QString freeName(const QString& base) const;
    QWidget* buildLogins();

    std::shared_ptr<EnvironmentStore> m_store;
    db::Client* m_client;
    QList<Row> m_rows;
    int m_current = -1;
    QString m_useWhenStored; ///< chosen while its passwords were on their way to the keychain
    bool m_filling = false;
    bool m_discard = false;
    bool m_confirmRemove = false;

    QListWidget* m_list = nullptr;
    QToolButton* m_remove = nullptr;
    QWidget* m_right = nullptr;
    QLineEdit* m_name = nullptr;
    SwatchRow* m_swatches = nullptr;
    QTabWidget* m_tabs = nullptr;
    ConnectionForm* m_primary = nullptr;
    ReplicasPane* m_replicas = nullptr;
    QCheckBox* m_hasWarehouse = nullptr;
    ConnectionForm* m_warehouse = nullptr;
    QMap<Purpose, QLineEdit*> m_logins;
    QMap<Purpose, QLineEdit*> m_loginPasswords;
    QLabel* m_note = nullptr;
    MessageStrip* m_strip = nullptr;
    QPushButton* m_save = nullptr;
    QPushButton* m_use = nullptr;
    QPushButton* m_close = nullptr;
};

} // namespace atlas::gui
