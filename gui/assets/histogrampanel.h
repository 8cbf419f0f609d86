// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <functional>

#include "model/browse/browse.h"

class QLabel;
class QToolButton;

namespace atlas::gui {

class BusyIndicator;
class Histogram;
class MessageStrip;

/// How the values of one attribute are spread: among all assets, from statistics, and on demand among those
/// that the filter finds, counted now. Shown only while there is something to show.
class HistogramPanel : public QWidget
{
    Q_OBJECT
public:
    enum class Scope { Measured = 1, Counting, Counted, Outdated };
    struct Source
    {
        /// Counts within the current filter. `done` runs later, never when the receiver is gone. Returns a
        /// ticket for cancel.
        std::function<quint64(const Attribute& attribute, QObject* receiver,
                              browse::Handler<browse::ValueBins> done)>
            ask;
        std::function<void(quint64 ticket)> cancel;
    };
    static constexpr int bins = 960; ///< more than are drawn: far values are left out afterwards

    explicit HistogramPanel(QWidget* parent = nullptr);
    ~HistogramPanel() override;

    /// Without one there is no button to count.
    void setSource(Source source);
    /// Of all assets, ends what runs. Of the same attribute as before it leaves what was counted alone.
    void showMeasured(const Attribute& attribute, const std::vector<double>& bounds);
    void clear();
    /// What was counted belongs to another filter now; what runs is ended.
    void filterChanged();
    void stop();

    Histogram* histogram() const { return m_histogram; }
    MessageStrip* strip() const { return m_strip; }
    QToolButton* countButton() const { return m_count; }
    QToolButton* allButton() const { return m_all; }
    Scope scope() const { return m_scope; }
    bool isCounting() const { return m_scope == Scope::Counting; }
    /// The line below the columns.
    QString scopeShown() const;

Q_SIGNALS:
    void rangeChosen(double low, double high);
    /// Another scope, or an error.
    void scopeChanged();

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void ask();
    void take(const std::variant<browse::ValueBins, browse::Problem>& outcome);
    void returnToMeasured();
    void setScope(Scope scope, const QString& text);

    Source m_source;
    Attribute m_attribute;
    std::vector<double> m_bounds;
    Histogram* m_histogram;
    QLabel* m_text;
    BusyIndicator* m_busy;
    QToolButton* m_count;
    QToolButton* m_all;
    MessageStrip* m_strip;
    Scope m_scope = Scope::Measured;
    quint64 m_ticket = 0;
    quint64 m_asked = 0;         ///< the newest one; answers of older ones are dropped
    bool m_showsCounted = false; ///< the columns are a filter's, not those of all assets
};

} // namespace atlas::gui
