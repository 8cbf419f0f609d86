// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointer>
#include <QWidget>

#include <functional>

#include "model/catalog/attributecatalog.h"
#include "model/filter/expression.h"

class QLabel;
class QListView;
class QSplitter;
class QStackedWidget;
class QToolButton;

namespace atlas::gui {

class AttributeDelegate;
class AttributeListModel;
class ElidedLabel;
class EmptyState;
class HistogramPanel;
class MessageStrip;
class SearchField;
class TopValuesModel;
class TopValuesView;

/// Left pane: all attributes of the tenant with an instant search, and the values of the chosen one below.
class AttributeBrowser : public QWidget
{
    Q_OBJECT
public:
    /// Fetches top values and histogram of one attribute, then calls back with a catalogue that has them; one
    /// without says that they could not be read.
    using DetailSource =
        std::function<void(int attributeId, std::function<void(const AttributeCatalog&)> done)>;

    explicit AttributeBrowser(QWidget* parent = nullptr);

    void setDetailSource(DetailSource source) { m_detailSource = std::move(source); }
    void setCatalog(const AttributeCatalog& catalog);
    /// The age of the statistics goes on.
    void updateAge();
    /// Until the first catalogue of a tenant is there.
    void setLoading();
    void showError(const QString& action, const db::DbError& error);
    void clear(const QString& why);

    void focusSearch();
    void setSearch(const QString& text);
    void select(int attributeId);
    int selected() const;
    AttributeListModel* model() const { return m_model; }
    QListView* list() const { return m_list; }
    MessageStrip* strip() const { return m_strip; }
    HistogramPanel* spread() const { return m_spread; }
    /// What the chosen attribute is known to be: type, assets, values, age.
    QString factsShown() const;

    QByteArray saveSplitter() const;
    void restoreSplitter(const QByteArray& state);

Q_SIGNALS:
    void clauseChosen(const atlas::filter::Clause& clause);
    void columnChosen(int attributeId);
    void retryRequested();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void showDetails();
    void showHint();
    void askDetails();
    void fillFacts(const Attribute& attribute);
    void fillDetails(const AttributeCatalog& catalog, int attributeId);
    void fillValues();
    void showMenu(const QPoint& position);
    void updateCount();
    const Attribute* current() const;

    DetailSource m_detailSource;
    AttributeListModel* m_model;
    AttributeDelegate* m_delegate;
    SearchField* m_search;
    QLabel* m_count;
    QToolButton* m_sort;
    MessageStrip* m_strip;
    QSplitter* m_splitter;
    QStackedWidget* m_pages;
    EmptyState* m_empty;
    QListView* m_list;
    QWidget* m_details;
    QWidget* m_titleRow;
    ElidedLabel* m_name;
    QLabel* m_facts;
    QLabel* m_note;
    HistogramPanel* m_spread;
    TopValuesModel* m_values;
    TopValuesView* m_valueList;
    QToolButton* m_addColumn;
    QToolButton* m_exists;
    QToolButton* m_missing;
    AttributeCatalog m_known; ///< the newest one, with details
    int m_shownId = 0;
    bool m_detailsFailed = false; ///< of the one shown: choosing it again asks again
};

} // namespace atlas::gui
