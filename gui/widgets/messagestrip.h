// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

#include <optional>

#include "db/error.h"

class QLabel;
class QPlainTextEdit;
class QPushButton;
class QToolButton;

namespace atlas::gui {

/// What an error means for the person in front of it.
struct Advice
{
    QString what; ///< "Nobody answers at db.example:5432."
    QString todo; ///< "Check host and port, and that the server runs."
};
Advice adviceFor(const db::DbError& error);
/// Server text, detail, hint, SQLSTATE: what goes under "Details".
QString errorDetails(const db::DbError& error);

/// A message in place, above what it is about. Never modal. Hidden until something is shown.
class MessageStrip : public QFrame
{
    Q_OBJECT
public:
    enum class Kind { Info = 1, Success, Warning, Error };

    explicit MessageStrip(QWidget* parent = nullptr);

    /// `details` are one click away.
    void showMessage(Kind kind, const QString& text, const QString& details = {});
    /// Words for people from the error's kind, `action` in front ("The tenants could not be read").
    void showError(const QString& action, const db::DbError& error);
    void clear();

    /// Shows the button while a message is shown; `retryRequested` is emitted when pressed.
    void setRetryVisible(bool visible, const QString& text = {});
    void setClosable(bool closable);
    bool isShowing() const { return m_showing; }
    Kind kind() const { return m_kind; }
    QString text() const;
    QString details() const;
    /// The text when an error is shown, else empty (Workspace::shownError).
    QString errorText() const { return m_showing && m_kind == Kind::Error ? text() : QString(); }

Q_SIGNALS:
    void retryRequested();
    void closed();

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void restyle();

    Kind m_kind = Kind::Info;
    bool m_showing = false;
    QString m_shownDetails; ///< as given: the editor changes some characters
    QLabel* m_icon = nullptr;
    QLabel* m_text = nullptr;
    QToolButton* m_more = nullptr;
    QPushButton* m_retry = nullptr;
    QToolButton* m_close = nullptr;
    QPlainTextEdit* m_details = nullptr;
};

} // namespace atlas::gui
