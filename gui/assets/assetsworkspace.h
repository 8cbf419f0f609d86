// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QPointer>
#include <QTimer>

#include <memory>

#include "gui/app/workspace.h"
#include "gui/assets/filterdocument.h"
#include "gui/assets/filterpane.h"
#include "gui/assets/pagesource.h"
#include "model/catalog/catalogservice.h"
#include "model/export/rowwriter.h"

class QSplitter;

namespace atlas::gui {

class AssetIdPalette;
class AssetPanel;
class AttributeBrowser;
class AttributePalette;
class ExplainDialog;
class Exporter;
class FilterKnowledge;
class ResultsModel;
class ResultsPane;
class TopValuesPopup;

/// Filter assets and see what they have in common.
class AssetsWorkspace : public Workspace
{
    Q_OBJECT
public:
    explicit AssetsWorkspace(QWidget* parent = nullptr);
    ~AssetsWorkspace() override;
    static WorkspaceInfo info();

    void activate() override;
    QList<Command> commands() override;
    QList<PaletteProvider*> paletteProviders() override;
    void focusSearch() override;
    void refresh() override;
    void cancel() override;
    QVariantMap saveState() const override;
    void restoreState(const QVariantMap& state) override;
    bool isSettled() const override;
    QString shownError() const override;
    QList<TourStep> tourSteps() override;

    FilterDocument* document() const { return m_document; }
    FilterPane* filterPane() const { return m_filter; }
    AttributeBrowser* attributes() const { return m_attributes; }
    ResultsModel* results() const { return m_results; }
    ResultsPane* resultsPane() const { return m_resultsPane; }
    AssetPanel* assetPanel() const { return m_asset; }
    /// False and a message in the text editor when it is no filter.
    bool setFilterText(const QString& text);
    void startExport(exporting::RowFormat format, const QString& path);

protected:
    void contextSet() override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    void buildLayout();
    void buildShortcuts();
    void connectParts();

    void loadTenant();
    void unloadTenant();
    void endExport();
    void rememberTenant() const;
    void restoreTenant();
    QString tenantKey() const;
    void catalogChanged();
    void catalogFailed(const db::DbError& error);
    void offerAttributes();
    void takeCatalog(const AttributeCatalog& catalog);

    void documentChanged(FilterDocument::Pace pace);
    void run(bool again);
    void ask();
    void started(const browse::Page& page, double milliseconds);
    void failed(const browse::Problem& problem);
    void completeAge();
    void count();
    void cancelCount();
    void publish();
    void addClause(const filter::Clause& clause);
    void addColumn(int attributeId, int position = -1);
    void sortChanged();
    void showTopValues(int attributeId, const QPoint& place);
    void explain();
    void expect(const filter::Expression& filter);
    void showAttribute(int attributeId);
    void openAsset(const QString& externalId);
    void tellSettled();

    FilterDocument* m_document;
    FilterKnowledge* m_knowledge;
    ResultsModel* m_results;
    QSplitter* m_splitter = nullptr;
    AttributeBrowser* m_attributes = nullptr;
    FilterPane* m_filter = nullptr;
    ResultsPane* m_resultsPane = nullptr;
    AssetPanel* m_asset = nullptr;
    std::unique_ptr<AttributePalette> m_attributePalette;
    std::unique_ptr<AssetIdPalette> m_assetPalette;

    std::shared_ptr<CatalogService> m_catalog;
    std::unique_ptr<browse::Browser> m_browser;
    std::shared_ptr<routing::Reader> m_reader;
    Exporter* m_exporter = nullptr;
    QPointer<TopValuesPopup> m_topValues;
    QPointer<ExplainDialog> m_explain;

    QTimer m_typingPause;
    QTimer m_detailPatience; ///< how long rows wait for statistics of a filter's attributes
    QTimer m_second;         ///< while this is visible: what it shows grows older
    ResultSummary m_summary;
    quint64 m_countTicket = 0;
    quint64 m_findTicket = 0;
    QString m_wantedAsset;                     ///< opened once the attributes are there
    quint64 m_run = 0;                         ///< the newest one; answers of older ones are dropped
    std::optional<filter::Expression> m_asked; ///< what the rows shown, or on their way, answer
    std::optional<browse::Page> m_firstPage;   ///< without its rows: how what is shown was read
    filter::Expression m_explained;            ///< the filter of m_firstPage
    bool m_active = false;
    bool m_stale = true; ///< the tenant changed while this was hidden
    bool m_columnsReady = false;
    bool m_waitingForDetails = false;
    bool m_isReordered = false; ///< the rows that come are in another order
    /// Of all tenants, by tenantKey(); under no name what was typed while there was none.
    mutable QVariantMap m_tenantStates;
    QString m_loadedKey;
};

} // namespace atlas::gui
