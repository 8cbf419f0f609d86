// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

#include <functional>
#include <vector>

#include "model/browse/browse.h"

class QLabel;
class QPushButton;
class QTableWidget;

namespace atlas::gui {

class BusyIndicator;
class MessageStrip;

/// Why a filter was answered as it was, as `atlasctl filter --analyze` says it: the shape that was chosen and
/// those that were not, what is read for each condition, how many assets were expected of it and how many
/// there are. These are counted when it opens, one after the other, each in its own time; closing it ends
/// that.
class ExplainDialog : public QDialog
{
    Q_OBJECT
public:
    struct Source
    {
        /// Counts the assets of a filter. `done` runs later, never when the receiver is gone. Returns a
        /// ticket for cancel.
        std::function<quint64(const filter::Expression& filter, std::chrono::milliseconds budget,
                              QObject* receiver, browse::Handler<browse::Count> done)>
            count;
        std::function<void(quint64 ticket)> cancel;
    };
    /// The first page of the result as it was read.
    struct Asked
    {
        filter::Expression filter;
        filter::Explain plan; ///< with bounds
        QByteArray sql;
        routing::Route route;
        double milliseconds = 0; ///< of the page
    };
    static constexpr std::chrono::milliseconds wholeBudget{10'000};
    static constexpr std::chrono::milliseconds conditionBudget{2'000};

    explicit ExplainDialog(Source source, QWidget* parent);
    ~ExplainDialog() override;

    /// Shows this one from now on and counts.
    void explain(Asked asked);
    /// Another filter, or order, was asked since.
    void setOutdated();
    /// All of it, as the command line writes it.
    QString text() const;

    bool isCounting() const { return m_counting; }
    void stop();
    MessageStrip* strip() const { return m_strip; }
    QTableWidget* conditions() const { return m_conditions; }
    QTableWidget* shapes() const { return m_shapes; }
    /// The line that says what was expected and found.
    QString summaryShown() const;

Q_SIGNALS:
    void againRequested();

private:
    void count();
    void countNext();
    void take(const std::variant<browse::Count, browse::Problem>& outcome);
    void showSummary();
    void showFound(int row);
    void fitTables();

    Source m_source;
    Asked m_asked;
    std::optional<qint64> m_found; ///< of the whole filter; -1: not in time
    QLabel* m_filter;
    QLabel* m_reason;
    QLabel* m_summary;
    QLabel* m_where;
    BusyIndicator* m_busy;
    QPushButton* m_stop;
    MessageStrip* m_strip;
    QTableWidget* m_conditions;
    QTableWidget* m_shapes;
    std::vector<int> m_waiting; ///< rows to count, -1: the whole filter; the next one last
    int m_current = -1;
    quint64 m_ticket = 0;
    quint64 m_run = 0; ///< answers of older ones are dropped
    bool m_counting = false;
};

} // namespace atlas::gui
