// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace atlas::gui {

class MessageStrip;

/// First start, no environment yet: use the local cluster, or add one's own.
class WelcomePage : public QWidget
{
    Q_OBJECT
public:
    explicit WelcomePage(QWidget* parent = nullptr);
    /// The local cluster's file, empty when there is none.
    void setLocalFile(const QString& file);
    QString localFile() const { return m_file; }
    void showProblem(const QString& text);

Q_SIGNALS:
    void useLocalRequested(const QString& file);
    void addRequested();
    /// Look again for a local cluster.
    void lookAgainRequested();

protected:
    void showEvent(QShowEvent* event) override;

private:
    QString m_file;
    QLabel* m_localText = nullptr;
    QPushButton* m_local = nullptr;
    QPushButton* m_again = nullptr;
    QPushButton* m_add = nullptr;
    MessageStrip* m_strip = nullptr;
};

} // namespace atlas::gui
