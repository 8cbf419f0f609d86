// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QWidget>

#include "model/catalog/attributecatalog.h"
#include "model/hotset/hotset.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QTableWidget;

namespace atlas::gui {

class Badge;
class ElidedLabel;
class MessageStrip;

/// Right side of the hot set: one attribute, what can be done with it, the job that is doing it, and those
/// before.
class JobPanel : public QWidget
{
    Q_OBJECT
public:
    /// What the panel shows of a job that this window drives or only sees.
    struct Running
    {
        hotset::Job job;
        bool ours = false;   ///< this window drives it
        bool paused = false; ///< by the person
        QString waiting;     ///< why it waits by itself; empty: it does not
    };

    explicit JobPanel(QWidget* parent = nullptr);

    void setAttribute(const Attribute& attribute, double entitiesTotal);
    int attributeId() const { return m_attribute.id; }
    /// nullopt: nothing under way for this attribute.
    void setRunning(const std::optional<Running>& running);
    void setHistory(const std::vector<hotset::Job>& jobs);
    /// Why nothing can be changed now ("the primary is down"); empty: it can.
    void setBlocked(const QString& reason);
    void setQueued(bool queued);
    MessageStrip* strip() const { return m_strip; }
    /// Asks for the confirmation that stands where the button was.
    void askToChange();

Q_SIGNALS:
    void promoteRequested(int attributeId);
    void demoteRequested(int attributeId);
    void pauseRequested();
    void unpauseRequested();
    void cancelRequested();
    void resumeRequested(const atlas::hotset::Job& job);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void refresh();

    Attribute m_attribute;
    double m_total = 0;
    std::optional<Running> m_running;
    QString m_blocked;
    bool m_queued = false;
    bool m_asking = false;
    QElapsedTimer m_rateTimer;
    qint64 m_rateFrom = 0;
    qint64 m_rateJob = 0;

    ElidedLabel* m_name;
    Badge* m_state;
    QLabel* m_facts;
    QLabel* m_explain;
    QPushButton* m_change;
    QWidget* m_confirm;
    QLabel* m_question;
    QPushButton* m_yes;
    QPushButton* m_no;
    QLabel* m_why;
    QWidget* m_jobBox;
    QLabel* m_phase;
    QLabel* m_rate;
    QProgressBar* m_progress;
    QPushButton* m_pause;
    QPushButton* m_cancel;
    QPushButton* m_resume;
    MessageStrip* m_strip;
    QLabel* m_historyTitle;
    QTableWidget* m_history;
};

} // namespace atlas::gui
