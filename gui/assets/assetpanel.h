// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointer>
#include <QTimer>
#include <QWidget>

#include <optional>

#include "model/browse/browse.h"

class QLabel;
class QListView;
class QSplitter;
class QStackedWidget;
class QStandardItemModel;
class QToolButton;
class QTreeView;

namespace atlas::gui {

class AssetValueDelegate;
class AssetValuesModel;
class BusyIndicator;
class ElidedLabel;
class EmptyState;
class MessageStrip;
class SearchField;
class SegmentedControl;
class TimeSeriesChart;

/// Right pane: one asset with all its attributes, and the history of the one that is chosen.
class AssetPanel : public QWidget
{
    Q_OBJECT
public:
    explicit AssetPanel(QWidget* parent = nullptr);
    ~AssetPanel() override;

    /// nullptr: nothing can be read. The browser outlives its use here.
    void setBrowser(browse::Browser* browser);
    void setCatalog(const AttributeCatalog& catalog);
    /// Reads it. While one is read the newest asked for waits.
    void showEntity(qint64 entityId);
    void refresh();
    void clear();
    qint64 entity() const { return m_wanted; }
    const std::optional<browse::Asset>& asset() const { return m_asset; }
    bool isLoading() const { return m_ticket != 0 || m_historyTicket != 0; }
    void selectAttribute(int attributeId);
    int selectedAttribute() const { return m_attributeId; }
    void focusSearch();

    QStringList pinned() const;
    void setPinned(const QStringList& names);
    AssetValuesModel* model() const { return m_model; }
    QListView* list() const { return m_list; }
    QString shownError() const;
    QByteArray saveSplitter() const;
    void restoreSplitter(const QByteArray& state);
    int rangeIndex() const;
    void setRangeIndex(int index);

Q_SIGNALS:
    void clauseChosen(const atlas::filter::Clause& clause);
    void columnChosen(int attributeId);
    void attributeShown(int attributeId);
    void settledChanged();
    void pinnedChanged();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void ask();
    void fill();
    void dropAsset();
    void askHistory();
    void dropHistory();
    void fillHistory(const browse::History& history);
    void showMenu(const QPoint& position);
    void chooseCurrent();

    QPointer<browse::Browser> m_browser;
    AttributeCatalog m_catalog;
    qint64 m_wanted = 0;  ///< asked for
    qint64 m_reading = 0; ///< in flight
    quint64 m_ticket = 0;
    quint64 m_historyTicket = 0;
    struct HistoryQuestion
    {
        qint64 entity = 0;
        int attribute = 0;
        int hours = 0;
        bool operator==(const HistoryQuestion&) const = default;
    };
    std::optional<HistoryQuestion> m_historyOf; ///< shown, or on its way
    std::optional<browse::Asset> m_asset;
    qint64 m_filled = 0;   ///< the entity that the list shows
    int m_attributeId = 0; ///< whose history is shown; stays from asset to asset

    QStackedWidget* m_pages;
    EmptyState* m_empty;
    QWidget* m_content;
    ElidedLabel* m_title;
    ElidedLabel* m_subtitle;
    QToolButton* m_copyId;
    BusyIndicator* m_busy;
    MessageStrip* m_strip;
    SearchField* m_search;
    AssetValuesModel* m_model;
    AssetValueDelegate* m_delegate;
    QListView* m_list;
    QSplitter* m_splitter;
    QWidget* m_history;
    ElidedLabel* m_historyTitle;
    SegmentedControl* m_range;
    QStackedWidget* m_historyPages;
    TimeSeriesChart* m_chart;
    QStandardItemModel* m_changes;
    QTreeView* m_changeList;
    QLabel* m_historyNote;
    QLabel* m_historyCut; ///< below what is not all there was
};

} // namespace atlas::gui
