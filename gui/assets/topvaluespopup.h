// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

#include <functional>

#include "model/browse/browse.h"

class QLabel;
class QStackedWidget;

namespace atlas::gui {

class BusyIndicator;
class MessageStrip;
class TopValuesModel;
class TopValuesView;

/// The most common values of an attribute among the assets that a filter finds: a small list that filters by
/// what is chosen. Counted when it opens; closing it ends that.
class TopValuesPopup : public QFrame
{
    Q_OBJECT
public:
    struct Source
    {
        /// `done` runs later, never when the receiver is gone. Returns a ticket for cancel.
        std::function<quint64(QObject* receiver, browse::Handler<browse::TopValues> done)> ask;
        std::function<void(quint64 ticket)> cancel;
    };
    static constexpr int mostValues = 20;

    /// `among`: what the values are counted among, "1,200 assets". Goes when it is closed.
    TopValuesPopup(const Attribute& attribute, const QString& among, Source source, QWidget* parent);
    ~TopValuesPopup() override;

    void openAt(const QPoint& topLeft);
    TopValuesView* list() const { return m_list; }
    MessageStrip* strip() const { return m_strip; }
    bool isCounting() const { return m_counting; }
    /// The line below the title.
    QString summaryShown() const;

Q_SIGNALS:
    void clauseChosen(const atlas::filter::Clause& clause);

private:
    void ask();
    void stop();
    void fit();
    void take(const std::variant<browse::TopValues, browse::Problem>& outcome);

    Attribute m_attribute;
    QString m_among;
    Source m_source;
    QLabel* m_summary;
    QStackedWidget* m_pages;
    BusyIndicator* m_busy;
    TopValuesModel* m_values;
    TopValuesView* m_list;
    MessageStrip* m_strip;
    QLabel* m_keys;
    quint64 m_ticket = 0;
    bool m_counting = false;
};

} // namespace atlas::gui
