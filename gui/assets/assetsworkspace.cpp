// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/assetsworkspace.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QListView>
#include <QRegularExpression>
#include <QShortcut>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

#include "gui/app/services.h"
#include "gui/assets/assetpanel.h"
#include "gui/assets/assetspalette.h"
#include "gui/assets/attributebrowser.h"
#include "gui/assets/attributelistmodel.h"
#include "gui/assets/clauses.h"
#include "gui/assets/explaindialog.h"
#include "gui/assets/exporter.h"
#include "gui/assets/filterbuilder.h"
#include "gui/assets/filterknowledge.h"
#include "gui/assets/filtertextedit.h"
#include "gui/assets/groupbox.h"
#include "gui/assets/histogrampanel.h"
#include "gui/assets/resultsmodel.h"
#include "gui/assets/resultspane.h"
#include "gui/assets/resultsview.h"
#include "gui/assets/topvaluespopup.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/messagestrip.h"
#include "model/filter/parser.h"
#include "model/filter/printer.h"
#include "model/filter/validate.h"

namespace atlas::gui {

namespace {
constexpr std::chrono::milliseconds typingPause(150);
// Statistics make the plan better, but rows do not wait for them longer than nobody notices.
constexpr std::chrono::milliseconds detailPatience(40);
constexpr std::chrono::milliseconds countBudget(2000);
constexpr std::chrono::milliseconds valuesBudget(10'000); // somebody waits for it, and may stop it
constexpr int defaultColumns = 4;
constexpr std::chrono::seconds tick(1);

QVariantList toVariants(const QStringList& texts)
{
    return QVariantList(texts.begin(), texts.end());
}

// As they are kept in the session.
constexpr std::pair<filter::EntityField, const char*> sortFields[] = {{filter::EntityField::Id, "id"},
                                                                      {filter::EntityField::Name, "name"},
                                                                      {filter::EntityField::Type, "type"}};

QVariantMap sortState(const std::optional<filter::Sort>& sort)
{
    QVariantMap state;
    if (!sort)
        return state;
    if (sort->subject.isAttribute())
        state.insert(QStringLiteral("attribute"), sort->subject.attribute);
    for (const auto& [field, name] : sortFields) {
        if (!sort->subject.isAttribute() && sort->subject.field == field)
            state.insert(QStringLiteral("field"), QLatin1String(name));
    }
    state.insert(QStringLiteral("descending"), sort->descending);
    return state;
}

std::optional<filter::Sort> sortFrom(const QVariantMap& state)
{
    filter::Sort sort;
    sort.descending = state.value(QStringLiteral("descending")).toBool();
    if (const QString attribute = state.value(QStringLiteral("attribute")).toString(); !attribute.isEmpty()) {
        sort.subject = filter::Subject::ofAttribute(attribute);
        return sort;
    }
    const QString kept = state.value(QStringLiteral("field")).toString();
    for (const auto& [field, name] : sortFields) {
        if (kept == QLatin1String(name)) {
            sort.subject = filter::Subject::ofEntity(field);
            return sort;
        }
    }
    return std::nullopt;
}
} // namespace

WorkspaceInfo AssetsWorkspace::info()
{
    return {QStringLiteral("assets"), tr("Assets"), QStringLiteral("assets"),
            tr("Filter assets and see what they have in common")};
}

AssetsWorkspace::AssetsWorkspace(QWidget* parent)
    : Workspace(info(), parent)
    , m_document(new FilterDocument(this))
    , m_knowledge(new FilterKnowledge(this))
    , m_results(new ResultsModel(this))
{
    buildLayout();
    buildShortcuts();
    connectParts();
    m_typingPause.setSingleShot(true);
    m_typingPause.setInterval(typingPause);
    connect(&m_typingPause, &QTimer::timeout, this, [this] { run(false); });
    m_detailPatience.setSingleShot(true);
    m_detailPatience.setInterval(detailPatience);
    connect(&m_detailPatience, &QTimer::timeout, this, [this] {
        if (std::exchange(m_waitingForDetails, false))
            ask();
    });
    m_second.setInterval(tick);
    connect(&m_second, &QTimer::timeout, this, [this] {
        if (provenance().readAt.isValid())
            publish();
        m_attributes->updateAge();
    });
    // Chosen from any page, seen on this one.
    m_attributePalette = std::make_unique<AttributePalette>([this](int id) {
        Q_EMIT showMe();
        showAttribute(id);
    });
    m_assetPalette = std::make_unique<AssetIdPalette>([this](const QString& id) {
        Q_EMIT showMe();
        openAsset(id);
    });
    unloadTenant();
}

AssetsWorkspace::~AssetsWorkspace()
{
    delete m_exporter; // the server is told to stop while there is a way to it
    delete m_topValues.data();
    delete m_explain.data();
    m_attributes->spread()->stop();
    m_results->setSource(nullptr);
    m_asset->setBrowser(nullptr);
}

void AssetsWorkspace::buildLayout()
{
    m_attributes = new AttributeBrowser(this);
    m_filter = new FilterPane(m_document, m_knowledge, this);
    m_resultsPane = new ResultsPane(m_results, this);
    m_asset = new AssetPanel(this);
    auto* middle = new QWidget(this);
    auto* column = new QVBoxLayout(middle);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(1);
    column->addWidget(m_filter);
    column->addWidget(m_resultsPane, 1);
    middle->setMinimumWidth(360);
    m_splitter = new QSplitter(Qt::Horizontal, this);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setHandleWidth(1);
    m_splitter->addWidget(m_attributes);
    m_splitter->addWidget(middle);
    m_splitter->addWidget(m_asset);
    m_splitter->setStretchFactor(0, 0);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setStretchFactor(2, 0);
    m_splitter->setSizes({262, 644, 298});
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_splitter);
}

void AssetsWorkspace::buildShortcuts()
{
    const auto add = [this](const QKeySequence& keys, auto run) {
        auto* shortcut = new QShortcut(keys, this);
        // Also with the focus in the top bar; while another workspace is shown this one is hidden and they
        // rest.
        shortcut->setContext(Qt::WindowShortcut);
        connect(shortcut, &QShortcut::activated, this, run);
    };
    add(QKeySequence::Undo, [this] { m_document->undoStack()->undo(); });
    add(QKeySequence(Qt::CTRL | Qt::Key_Y), [this] { m_document->undoStack()->redo(); });
    add(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z), [this] { m_document->undoStack()->redo(); });
    add(QKeySequence(Qt::CTRL | Qt::Key_T), [this] { m_filter->setTextShown(!m_filter->showsText()); });
    add(QKeySequence(Qt::CTRL | Qt::Key_I), [this] { m_filter->addClause(); });
    add(QKeySequence(Qt::CTRL | Qt::Key_E),
        [this] { Q_EMIT m_resultsPane->exportWanted(exporting::RowFormat::Csv); });
    add(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E), [this] { explain(); });
    add(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S), [this] {
        ResultsView* view = m_resultsPane->view();
        view->stepSort(view->currentColumn());
    });
    // From pane to pane, as F6 does elsewhere.
    add(QKeySequence(Qt::Key_F6), [this] {
        QWidget* filterStop = m_filter->textEdit();
        if (!m_filter->showsText())
            filterStop = m_filter->builder()->rootGroup()->kindButton();
        const QList<QWidget*> stops{m_attributes->list(), filterStop, m_resultsPane->view(), m_asset->list()};
        int at = -1;
        const QList<QWidget*> panes{m_attributes, m_filter, m_resultsPane, m_asset};
        for (int i = 0; i < panes.size(); ++i) {
            if (focusWidget() && panes.at(i)->isAncestorOf(focusWidget()))
                at = i;
        }
        for (int step = 1; step <= stops.size(); ++step) {
            QWidget* next = stops.at((at + step) % stops.size());
            if (next && next->isVisible()) {
                next->setFocus(Qt::TabFocusReason);
                return;
            }
        }
    });
}

void AssetsWorkspace::connectParts()
{
    connect(m_document, &FilterDocument::changed, this, &AssetsWorkspace::documentChanged);

    connect(m_attributes, &AttributeBrowser::clauseChosen, this, &AssetsWorkspace::addClause);
    connect(m_attributes, &AttributeBrowser::columnChosen, this, [this](int id) { addColumn(id); });
    connect(m_attributes, &AttributeBrowser::retryRequested, this, [this] {
        if (m_catalog)
            m_catalog->reload();
    });
    m_attributes->setDetailSource([this](int id, std::function<void(const AttributeCatalog&)> done) {
        if (!m_catalog)
            return;
        m_catalog->retryDetails({id}); // asked for by hand
        m_catalog->ensureDetails({id}, m_attributes, [this, done] {
            if (!m_catalog)
                return;
            takeCatalog(m_catalog->catalog());
            done(m_catalog->catalog());
        });
    });
    m_attributes->spread()->setSource(
        {[this](const Attribute& attribute, QObject* receiver,
                browse::Handler<browse::ValueBins> done) -> quint64 {
             if (!m_browser || !m_asked) {
                 QMetaObject::invokeMethod(
                     receiver,
                     [done] {
                         done(browse::Problem{tr("The filter cannot be asked yet."), -1, {}});
                     },
                     Qt::QueuedConnection);
                 return 0;
             }
             return m_browser->histogram(*m_asked, m_catalog->catalog(), attribute, HistogramPanel::bins,
                                         valuesBudget, receiver, std::move(done));
         },
         [this](quint64 ticket) {
             if (m_browser)
                 m_browser->cancel(ticket);
         }});
    connect(m_attributes->spread(), &HistogramPanel::scopeChanged, this, &AssetsWorkspace::tellSettled);
    m_knowledge->setSources(
        [this](int id, ValueType type, const QString& text, QObject* receiver,
               std::function<void(const FilterKnowledge::Values&)> done) {
            if (!m_browser)
                return;
            m_browser->suggest(id, type, text, receiver,
                               [done](std::variant<FilterKnowledge::Values, browse::Problem> outcome) {
                                   // A suggestion that does not come is no error worth a word.
                                   if (const auto* values = std::get_if<FilterKnowledge::Values>(&outcome))
                                       done(*values);
                               });
        },
        [this](const QList<int>& ids) {
            if (!m_catalog)
                return;
            const bool known = std::all_of(ids.begin(), ids.end(), [this](int id) {
                return m_catalog->catalog().detail(id) != nullptr;
            });
            if (known)
                return;
            m_catalog->ensureDetails(ids, this, [this] {
                if (m_catalog)
                    takeCatalog(m_catalog->catalog());
            });
        });

    connect(m_filter, &FilterPane::countCancelRequested, this, &AssetsWorkspace::cancelCount);

    connect(m_results, &ResultsModel::started, this, &AssetsWorkspace::started);
    connect(m_results, &ResultsModel::failed, this, &AssetsWorkspace::failed);
    connect(m_results, &ResultsModel::sortChanged, this, &AssetsWorkspace::sortChanged);
    connect(m_results, &ResultsModel::loadingChanged, this, [this] {
        publish();
        tellSettled();
    });
    ResultsView* view = m_resultsPane->view();
    connect(view, &ResultsView::clauseChosen, this, &AssetsWorkspace::addClause);
    connect(view, &ResultsView::columnRemoved, m_results, &ResultsModel::removeColumn);
    connect(view, &ResultsView::attributeShown, this, &AssetsWorkspace::showAttribute);
    connect(view, &ResultsView::topValuesWanted, this, &AssetsWorkspace::showTopValues);
    connect(view, &ResultsView::entityChosen, m_asset, &AssetPanel::showEntity);
    connect(view, &ResultsView::activatedEntity, this, [this](qint64 id) {
        m_asset->showEntity(id);
        m_asset->list()->setFocus(Qt::OtherFocusReason);
    });
    connect(view, &ResultsView::attributeDropped, this, [this](const QString& name, int position) {
        if (const Attribute* attribute = m_knowledge->catalog().findName(name))
            addColumn(attribute->id, position);
    });
    connect(m_resultsPane, &ResultsPane::retryRequested, this, &AssetsWorkspace::refresh);
    connect(m_resultsPane, &ResultsPane::emptyAction, m_filter, &FilterPane::clearFilter);
    connect(m_resultsPane, &ResultsPane::explainWanted, this, &AssetsWorkspace::explain);
    connect(m_resultsPane, &ResultsPane::exportWanted, this, [this](exporting::RowFormat format) {
        if (!m_browser || !m_results->isLoaded())
            return;
        QString name = context()->tenant().name;
        static const QRegularExpression unsafe(QStringLiteral("[^\\w-]+"));
        name.replace(unsafe, QStringLiteral("-"));
        m_resultsPane->chooseExportFile(format, name + QLatin1Char('.') + exporting::fileSuffix(format));
    });
    connect(m_resultsPane, &ResultsPane::exportRequested, this, &AssetsWorkspace::startExport);

    connect(m_asset, &AssetPanel::clauseChosen, this, &AssetsWorkspace::addClause);
    connect(m_asset, &AssetPanel::columnChosen, this, [this](int id) { addColumn(id); });
    connect(m_asset, &AssetPanel::attributeShown, this, &AssetsWorkspace::showAttribute);
    connect(m_asset, &AssetPanel::settledChanged, this, &AssetsWorkspace::tellSettled);
}

void AssetsWorkspace::contextSet()
{
    connect(context(), &AppContext::tenantChanged, this, [this] {
        rememberTenant();
        unloadTenant();
        m_stale = true;
        if (m_active)
            loadTenant();
        else
            offerAttributes();
    });
    connect(context(), &AppContext::environmentChanged, this, [this] {
        rememberTenant();
        unloadTenant();
        m_stale = true;
    });
    connect(context(), &AppContext::tenantsChanged, this, &AssetsWorkspace::tellSettled);
    offerAttributes();
}

void AssetsWorkspace::offerAttributes()
{
    // Ctrl+K finds them from other pages before this one was ever shown.
    if (m_catalog)
        return;
    const std::shared_ptr<CatalogService> shared = catalogOf(*context());
    m_attributePalette->setCatalog(shared ? shared->catalog() : AttributeCatalog());
    m_assetPalette->setEnabled(shared != nullptr);
    if (shared)
        connect(shared.get(), &CatalogService::changed, this, &AssetsWorkspace::offerAttributes,
                Qt::UniqueConnection);
}

void AssetsWorkspace::activate()
{
    const bool first = !std::exchange(m_active, true);
    if (m_stale)
        loadTenant();
    // Typing finds attributes from the start, unless somebody is typing elsewhere already.
    if (first && window()->isVisible() && !qobject_cast<QLineEdit*>(window()->focusWidget()))
        m_attributes->focusSearch();
}

void AssetsWorkspace::showEvent(QShowEvent* event)
{
    Workspace::showEvent(event);
    publish();
    m_second.start();
}

void AssetsWorkspace::hideEvent(QHideEvent* event)
{
    Workspace::hideEvent(event);
    m_second.stop();
}

QString AssetsWorkspace::tenantKey() const
{
    if (!context() || !context()->environment() || !context()->tenant().isValid())
        return {};
    return context()->environment()->name + QChar(0x1f) + context()->tenant().name;
}

void AssetsWorkspace::endExport()
{
    if (!m_exporter)
        return;
    // It ends here, and says so: that word stays, only what earlier ones said goes.
    m_resultsPane->exportStrip()->clear();
    m_resultsPane->cancelExport();
    m_exporter->deleteWhenDone();
    m_exporter = nullptr;
}

void AssetsWorkspace::unloadTenant()
{
    const bool wasTenants = !m_loadedKey.isEmpty();
    m_loadedKey.clear();
    ++m_run;
    m_typingPause.stop();
    m_detailPatience.stop();
    m_waitingForDetails = false;
    m_filter->finishEditing();
    m_wantedAsset.clear();
    endExport();
    delete m_topValues.data();
    delete m_explain.data();
    m_firstPage.reset();
    m_resultsPane->setExplainable(false);
    m_attributes->spread()->stop();
    m_results->setSource(nullptr);
    m_results->setColumns({});
    m_asset->setBrowser(nullptr);
    m_browser.reset();
    if (m_catalog)
        m_catalog->disconnect(this);
    m_catalog.reset();
    if (m_reader && m_reader->monitor())
        m_reader->monitor()->disconnect(this);
    m_reader.reset();
    m_countTicket = m_findTicket = 0;
    m_columnsReady = false;
    m_asked.reset();
    if (wasTenants) { // what was typed without a tenant is for the next one
        m_document->load({});
        m_filter->setUnappliedText({});
    }
    m_knowledge->setCatalog(AttributeCatalog());
    m_asset->setCatalog(AttributeCatalog());
    m_attributePalette->setCatalog(AttributeCatalog());
    m_assetPalette->setEnabled(false);
    m_attributes->clear(tr("Choose a tenant to see its attributes."));
    m_resultsPane->strip()->clear();
    m_resultsPane->showEmpty(QStringLiteral("tenant"), tr("No tenant chosen"),
                             tr("Choose one at the top of the window."));
    m_summary = {};
    m_filter->setSummary(m_summary);
    setProvenance({});
}

void AssetsWorkspace::loadTenant()
{
    m_stale = false;
    m_catalog = catalogOf(*context());
    if (!m_catalog) {
        m_stale = true;
        tellSettled();
        return;
    }
    m_reader = readerOf(*context());
    connect(m_reader->monitor(), &lag::Monitor::sampled, this, &AssetsWorkspace::completeAge,
            Qt::UniqueConnection);
    m_browser = std::make_unique<browse::Browser>(m_reader.get(), context()->tenant().id);
    m_results->setSource(std::make_shared<BrowserPageSource>(m_browser.get()));
    m_asset->setBrowser(m_browser.get());
    m_assetPalette->setEnabled(true);
    m_exporter = new Exporter(m_reader.get(), this);
    m_attributes->setLoading();
    m_resultsPane->showEmpty(QStringLiteral("clock"), tr("Reading the attributes…"), {});
    connect(m_catalog.get(), &CatalogService::changed, this, &AssetsWorkspace::catalogChanged);
    connect(m_catalog.get(), &CatalogService::failed, this, &AssetsWorkspace::catalogFailed);
    restoreTenant();
    if (m_catalog->isLoaded()) {
        catalogChanged();
    } else if (const std::optional<db::DbError> error = m_catalog->error()) {
        // It failed for another page, which may be a while ago.
        catalogFailed(*error);
        m_catalog->reload();
    }
    tellSettled();
}

void AssetsWorkspace::catalogFailed(const db::DbError& error)
{
    m_attributes->showError(tr("The attributes could not be read"), error);
    if (!m_columnsReady)
        m_resultsPane->showEmpty(QStringLiteral("warning"), tr("Nothing can be filtered yet"),
                                 tr("The attributes of this tenant could not be read."));
    tellSettled();
}

void AssetsWorkspace::takeCatalog(const AttributeCatalog& catalog)
{
    m_knowledge->setCatalog(catalog);
    m_asset->setCatalog(catalog);
    m_results->setCatalog(catalog);
    expect(m_document->expression());
    publish();
}

void AssetsWorkspace::expect(const filter::Expression& filter)
{
    m_summary.expected = m_knowledge->expected(filter);
    m_summary.bounds = m_knowledge->bounds(filter);
    const std::vector<filter::Node> children(filter.root().children.begin(), filter.root().children.end());
    m_summary.combined = children.size() > 1 || (children.size() == 1 && !children.front().isClause());
}

void AssetsWorkspace::catalogChanged()
{
    const AttributeCatalog& catalog = m_catalog->catalog();
    m_attributes->setCatalog(catalog);
    m_attributePalette->setCatalog(catalog);
    takeCatalog(catalog);
    if (!m_columnsReady) {
        m_columnsReady = true;
        const QVariantMap state = m_tenantStates.value(m_loadedKey).toMap();
        QList<int> ids;
        for (const QVariant& name : state.value(QStringLiteral("columns")).toList()) {
            if (const Attribute* attribute = catalog.findName(name.toString()))
                ids.append(attribute->id);
        }
        if (!state.contains(QStringLiteral("columns"))) {
            // What most assets have, texts before numbers: they tell rows apart.
            std::vector<const Attribute*> common;
            for (int i = 0; i < catalog.size(); ++i) {
                const Attribute& attribute = catalog.at(i);
                if (attribute.entitiesWith && attribute.type != ValueType::Json)
                    common.push_back(&attribute);
            }
            std::stable_sort(common.begin(), common.end(), [](const Attribute* a, const Attribute* b) {
                return *a->entitiesWith > *b->entitiesWith;
            });
            for (size_t i = 0; i < common.size() && i < defaultColumns; ++i)
                ids.append(common[i]->id);
        }
        m_results->setColumns(ids);
        m_results->setSort(sortFrom(state.value(QStringLiteral("sort")).toMap()));
        m_resultsPane->view()->restoreWidths(state.value(QStringLiteral("widths")).toMap());
        run(true);
    } else if (!m_results->isLoaded() && !m_results->isLoading()) {
        run(true);
    }
    if (!m_wantedAsset.isEmpty())
        openAsset(std::exchange(m_wantedAsset, {}));
    tellSettled();
}

void AssetsWorkspace::documentChanged(FilterDocument::Pace pace)
{
    Q_EMIT stateChanged();
    if (!m_columnsReady)
        return;
    expect(m_document->expression());
    if (pace == FilterDocument::Pace::Typing) {
        m_typingPause.start();
        m_filter->setSummary(m_summary);
    } else {
        m_typingPause.stop();
        run(false);
    }
    tellSettled();
}

void AssetsWorkspace::run(bool again)
{
    m_typingPause.stop();
    if (!m_browser || !m_columnsReady)
        return;
    const filter::Expression& expression = m_document->expression();
    const QList<filter::Problem> problems = filter::validate(expression, m_knowledge->catalog());
    if (!problems.isEmpty()) {
        m_resultsPane->strip()->showMessage(
            MessageStrip::Kind::Warning, tr("This filter cannot be asked: %1").arg(problems.first().message));
        m_resultsPane->strip()->setRetryVisible(false);
        return;
    }
    const filter::Expression wanted = expression.enabledOnly();
    if (!again && m_asked && *m_asked == wanted && !m_results->problem()) {
        m_resultsPane->strip()->clear();
        publish();
        return; // switched something that was off already, regrouped to the same
    }
    const bool isAnother = !m_asked || *m_asked != wanted;
    m_asked = wanted;
    ++m_run;
    if (isAnother)
        m_attributes->spread()->filterChanged();
    if (m_countTicket)
        m_browser->cancel(std::exchange(m_countTicket, 0));
    m_summary.counting = ResultSummary::Counting::NotAsked;
    m_summary.counted.reset();
    expect(wanted);
    // The plan is chosen by common values and histograms: have them, but do not wait for them.
    QList<int> ids;
    for (const QString& name : wanted.attributes()) {
        if (const Attribute* attribute = m_knowledge->catalog().findName(name))
            ids.append(attribute->id);
    }
    m_waitingForDetails = true;
    const quint64 run = m_run;
    m_catalog->ensureDetails(ids, this, [this, run] {
        if (!m_catalog)
            return;
        if (run == m_run && std::exchange(m_waitingForDetails, false)) {
            m_detailPatience.stop();
            ask();
        }
    });
    if (m_waitingForDetails)
        m_detailPatience.start();
    publish();
    tellSettled();
}

void AssetsWorkspace::ask()
{
    if (!m_browser || !m_asked)
        return;
    m_results->setFilter(*m_asked, m_catalog->catalog());
}

void AssetsWorkspace::started(const browse::Page& page, double milliseconds)
{
    m_resultsPane->strip()->clear();
    m_filter->textEdit()->remember(filter::print(m_document->expression()));
    m_summary.milliseconds = milliseconds;
    m_summary.node = page.route.node;
    m_summary.note = page.explain;
    m_firstPage = page;
    m_firstPage->rows.clear();
    m_explained = m_results->filter();
    m_resultsPane->setExplainable(true);
    if (m_explain)
        m_explain->setOutdated();
    Provenance provenance;
    provenance.endpoint = page.route.node;
    provenance.ageSeconds = page.route.ageSeconds;
    provenance.slaSeconds = page.route.wantedSeconds.value_or(0);
    provenance.met = page.route.met;
    provenance.readAt = QDateTime::currentDateTimeUtc().addMSecs(-qRound64(page.milliseconds));
    provenance.note = page.route.reason;
    if (!page.route.passedOver.isEmpty())
        provenance.note += QStringLiteral("\n") + page.route.passedOver.join(QLatin1Char('\n'));
    setProvenance(provenance);
    if (page.rows.empty()) {
        const bool everything = m_asked && m_asked->matchesEverything();
        m_resultsPane->showEmpty(
            QStringLiteral("filter"),
            everything ? tr("This tenant has no assets yet.") : tr("No asset is like that."),
            everything ? QString() : tr("Switch a clause off to see which one leaves nothing."),
            everything ? QString() : tr("Remove the filter"));
    } else {
        m_resultsPane->showRows();
        ResultsView* view = m_resultsPane->view();
        const int row = m_asset->entity() ? m_results->rowOf(m_asset->entity()) : -1;
        if (row >= 0)
            view->setCurrentIndex(m_results->index(row, std::max(0, view->currentIndex().column())));
        if (std::exchange(m_isReordered, false))
            view->scrollToTop(); // whoever sorts wants to see the first, not what was chosen before
    }
    if (page.last) {
        m_summary.counting = ResultSummary::Counting::Exact;
        m_summary.counted = qint64(page.rows.size());
    } else {
        count();
    }
    takeCatalog(m_catalog->catalog()); // details may have come meanwhile
    publish();
    tellSettled();
}

void AssetsWorkspace::completeAge()
{
    // The first rows of a session are there before the first look at the nodes has told how old they are.
    if (provenance().ageSeconds || m_summary.node.isEmpty() || !m_reader)
        return;
    for (const routing::NodeFreshness& node : m_reader->monitor()->nodes()) {
        if (node.node != m_summary.node || !node.ageSeconds)
            continue;
        Provenance known = provenance();
        known.ageSeconds = node.ageSeconds;
        known.met = known.slaSeconds <= 0 || *node.ageSeconds <= known.slaSeconds;
        known.note += tr("\nIts age was measured just after the rows were read.");
        setProvenance(known);
        publish();
    }
}

void AssetsWorkspace::failed(const browse::Problem& problem)
{
    if (problem.error && problem.error->kind == db::ErrorKind::Cancelled)
        m_resultsPane->strip()->showMessage(MessageStrip::Kind::Info,
                                            tr("Stopped. The rows below are those from before."));
    else if (problem.error)
        m_resultsPane->strip()->showError(m_results->isOutdated() || !m_results->isLoaded()
                                              ? tr("The assets could not be read")
                                              : tr("More rows could not be read"),
                                          *problem.error);
    else
        m_resultsPane->strip()->showMessage(MessageStrip::Kind::Warning, problem.message);
    m_resultsPane->strip()->setRetryVisible(true);
    publish();
    tellSettled();
}

void AssetsWorkspace::count()
{
    m_summary.counting = ResultSummary::Counting::Running;
    const quint64 run = m_run;
    m_countTicket = m_browser->count(
        *m_asked, m_catalog->catalog(), countBudget, this,
        [this, run](std::variant<browse::Count, browse::Problem> outcome) {
            if (run != m_run)
                return;
            m_countTicket = 0;
            if (const auto* counted = std::get_if<browse::Count>(&outcome)) {
                m_summary.counting =
                    counted->exact ? ResultSummary::Counting::Exact : ResultSummary::Counting::OutOfTime;
                if (counted->exact) {
                    m_summary.counted = counted->entities;
                    m_summary.note += tr("\nCounted on %1.").arg(routing::describe(counted->route));
                    m_results->setTotal(counted->entities);
                }
            } else {
                m_summary.counting = ResultSummary::Counting::Failed;
            }
            publish();
            tellSettled();
        });
}

void AssetsWorkspace::cancelCount()
{
    if (!m_countTicket)
        return;
    m_browser->cancel(std::exchange(m_countTicket, 0));
    m_summary.counting = ResultSummary::Counting::Cancelled;
    publish();
    tellSettled();
}

void AssetsWorkspace::publish()
{
    m_summary.ageSeconds = provenance().ageNow();
    m_summary.running = m_results->isLoading();
    m_filter->setSummary(m_summary);
}

void AssetsWorkspace::addClause(const filter::Clause& clause)
{
    m_filter->finishEditing();
    m_document->apply(withClause(m_document->expression(), clause),
                      tr("Filter by %1").arg(clauseText(clause).subject));
}

void AssetsWorkspace::addColumn(int attributeId, int position)
{
    if (const int column = m_results->columnOf(attributeId); column >= 0) {
        m_resultsPane->view()->scrollTo(m_results->index(0, column));
        return;
    }
    m_results->addColumn(attributeId, position);
    if (const Attribute* attribute = m_knowledge->catalog().findId(attributeId))
        m_resultsPane->notice(tr("Column %1 added").arg(attribute->name));
    m_resultsPane->view()->scrollTo(m_results->index(std::max(0, m_resultsPane->view()->currentIndex().row()),
                                                     m_results->columnOf(attributeId)));
}

/// The model reads by itself; what was counted belongs to the rows of before.
void AssetsWorkspace::sortChanged()
{
    Q_EMIT stateChanged();
    if (!m_browser || !m_asked)
        return;
    m_isReordered = true;
    ++m_run;
    if (m_countTicket)
        m_browser->cancel(std::exchange(m_countTicket, 0));
    m_summary.counting = ResultSummary::Counting::NotAsked;
    m_summary.counted.reset();
    publish();
    tellSettled();
}

void AssetsWorkspace::showTopValues(int attributeId, const QPoint& place)
{
    const Attribute* attribute = m_knowledge->catalog().findId(attributeId);
    if (!m_browser || !m_asked || !attribute)
        return;
    TopValuesPopup::Source source;
    source.ask = [this, wanted = *attribute,
                  filter = *m_asked](QObject* receiver, browse::Handler<browse::TopValues> done) -> quint64 {
        if (!m_browser)
            return 0;
        // One more, to know whether there are more.
        return m_browser->top(filter, m_catalog->catalog(), wanted, TopValuesPopup::mostValues + 1,
                              valuesBudget, receiver, std::move(done));
    };
    source.cancel = [this](quint64 ticket) {
        if (m_browser)
            m_browser->cancel(ticket);
    };
    const QString among = m_summary.counted              ? assetsText(countText(*m_summary.counted))
                          : m_asked->matchesEverything() ? tr("all assets")
                                                         : tr("the assets of the filter");
    delete m_topValues.data();
    m_topValues = new TopValuesPopup(*attribute, among, std::move(source), m_resultsPane->view());
    connect(m_topValues.data(), &TopValuesPopup::clauseChosen, this, &AssetsWorkspace::addClause);
    m_topValues->openAt(place);
}

void AssetsWorkspace::explain()
{
    if (!m_browser || !m_firstPage) {
        m_resultsPane->notice(tr("No rows were read yet: nothing to explain"));
        return;
    }
    if (!m_explain) {
        ExplainDialog::Source source;
        source.count = [this](const filter::Expression& filter, std::chrono::milliseconds budget,
                              QObject* receiver, browse::Handler<browse::Count> done) -> quint64 {
            // Parts of a filter, looked at to understand it: nobody ran them as filters.
            return m_browser
                       ? m_browser->count(filter, m_catalog->catalog(), budget, receiver, std::move(done),
                                          routing::Intent::Operational, browse::Browser::Noted::No)
                       : 0;
        };
        source.cancel = [this](quint64 ticket) {
            if (m_browser)
                m_browser->cancel(ticket);
        };
        m_explain = new ExplainDialog(std::move(source), this);
        connect(m_explain.data(), &ExplainDialog::againRequested, this, &AssetsWorkspace::explain);
    }
    ExplainDialog::Asked asked;
    asked.filter = m_explained;
    asked.plan = m_firstPage->plan;
    asked.plan.addBounds(asked.filter, m_catalog->catalog(), QDateTime::currentDateTimeUtc());
    asked.sql = m_firstPage->statement.sql;
    asked.route = m_firstPage->route;
    asked.milliseconds = m_firstPage->milliseconds;
    m_explain->explain(std::move(asked));
    m_explain->show();
    m_explain->raise();
    m_explain->activateWindow();
}

void AssetsWorkspace::showAttribute(int attributeId)
{
    m_attributes->list()->setFocus(Qt::OtherFocusReason);
    m_attributes->select(attributeId);
}

void AssetsWorkspace::openAsset(const QString& externalId)
{
    if (!m_browser)
        return;
    // Its values cannot be read without their names and types.
    if (!m_catalog->isLoaded()) {
        m_wantedAsset = externalId;
        return;
    }
    if (m_findTicket)
        m_browser->cancel(m_findTicket);
    m_findTicket =
        m_browser->find(externalId, this, [this, externalId](std::variant<qint64, browse::Problem> outcome) {
            m_findTicket = 0;
            if (const auto* problem = std::get_if<browse::Problem>(&outcome)) {
                failed(*problem);
            } else if (const qint64 id = std::get<qint64>(outcome)) {
                m_resultsPane->strip()->clear();
                m_asset->showEntity(id);
                m_asset->list()->setFocus(Qt::OtherFocusReason);
            } else if (const QString trimmed = externalId.trimmed(); trimmed != externalId) {
                openAsset(trimmed); // pasted with a blank that is not the id's
                return;
            } else {
                m_resultsPane->strip()->showMessage(
                    MessageStrip::Kind::Info, tr("No asset of this tenant has the id %1.").arg(externalId));
                m_resultsPane->strip()->setRetryVisible(false);
            }
            tellSettled();
        });
    tellSettled();
}

void AssetsWorkspace::startExport(exporting::RowFormat format, const QString& path)
{
    if (!m_browser || !m_asked || !m_exporter)
        return;
    if (m_exporter->isRunning()) {
        m_resultsPane->exportStrip()->showMessage(
            MessageStrip::Kind::Info, tr("One export at a time: the other one is still running."));
        return;
    }
    Exporter::Job job;
    job.request.tenant = context()->tenant().id;
    job.request.filter = *m_asked;
    job.request.columns = m_resultsPane->view()->shownColumns();
    job.request.sort = m_results->sort();
    job.catalog = m_catalog->catalog();
    job.format = format;
    job.path = path;
    m_exporter->deleteWhenDone();
    m_exporter = new Exporter(m_reader.get(), this);
    m_resultsPane->follow(m_exporter,
                          m_summary.counted ? std::optional(double(*m_summary.counted)) : m_summary.expected);
    m_exporter->start(job);
}

bool AssetsWorkspace::setFilterText(const QString& text)
{
    m_filter->textEdit()->setFilterText(text);
    return m_filter->applyText();
}

QList<Command> AssetsWorkspace::commands()
{
    const auto command = [this](const QString& id, const QString& title, const QString& detail,
                                const QString& iconName, const QKeySequence& keys,
                                std::function<void()> what) {
        Command made;
        made.id = QStringLiteral("assets.") + id;
        made.title = title;
        made.detail = detail;
        made.icon = iconName;
        made.shortcut = keys;
        made.run = std::move(what);
        return made;
    };
    QList<Command> list;
    if (!m_browser)
        return list;
    list << command(QStringLiteral("addClause"), tr("Add a clause to the filter"), {}, QStringLiteral("add"),
                    QKeySequence(Qt::CTRL | Qt::Key_I), [this] { m_filter->addClause(); })
         << command(QStringLiteral("newFilter"), tr("New filter"), tr("can be undone"),
                    QStringLiteral("filter"), {}, [this] { m_filter->clearFilter(); })
         << command(QStringLiteral("text"),
                    m_filter->showsText() ? tr("Show the filter as groups") : tr("Edit the filter as text"),
                    {}, QStringLiteral("code"), QKeySequence(Qt::CTRL | Qt::Key_T),
                    [this] { m_filter->setTextShown(!m_filter->showsText()); })
         << command(QStringLiteral("search"), tr("Search attributes"), {}, QStringLiteral("search"),
                    QKeySequence::Find, [this] { focusSearch(); })
         << command(QStringLiteral("rows"), tr("Go to the rows"), {}, QStringLiteral("table"), {},
                    [this] { m_resultsPane->view()->setFocus(Qt::OtherFocusReason); })
         << command(QStringLiteral("sort"), tr("Sort the rows by the current column"),
                    tr("again: backwards, then in the order of the assets"), QStringLiteral("arrow-down"),
                    QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S),
                    [this] {
                        ResultsView* view = m_resultsPane->view();
                        view->stepSort(view->currentColumn());
                    })
         << command(QStringLiteral("asset"), tr("Search the attributes of the asset"), {},
                    QStringLiteral("assets"), {}, [this] { m_asset->focusSearch(); })
         << command(QStringLiteral("exportCsv"), tr("Export all rows as CSV…"), {}, QStringLiteral("export"),
                    QKeySequence(Qt::CTRL | Qt::Key_E),
                    [this] { Q_EMIT m_resultsPane->exportWanted(exporting::RowFormat::Csv); })
         << command(QStringLiteral("exportJsonLines"), tr("Export all rows as JSON Lines…"), {},
                    QStringLiteral("export"), {},
                    [this] { Q_EMIT m_resultsPane->exportWanted(exporting::RowFormat::JsonLines); })
         << command(QStringLiteral("explain"), tr("Explain how the filter was answered…"),
                    tr("what was expected, found and read, and the shapes not chosen"),
                    QStringLiteral("info"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E),
                    [this] { explain(); })
         << command(QStringLiteral("refresh"), tr("Read the rows again"), {}, QStringLiteral("refresh"),
                    QKeySequence::Refresh, [this] { refresh(); })
         << command(QStringLiteral("catalog"), tr("Read the attributes again"), {}, QStringLiteral("refresh"),
                    {}, [this] { m_catalog->reload(); });
    return list;
}

QList<PaletteProvider*> AssetsWorkspace::paletteProviders()
{
    return {m_attributePalette.get(), m_assetPalette.get()};
}

void AssetsWorkspace::focusSearch()
{
    m_attributes->focusSearch();
}

void AssetsWorkspace::refresh()
{
    if (!m_catalog)
        return;
    if (!m_catalog->isLoaded()) {
        m_catalog->reload();
        return;
    }
    run(true);
    m_asset->refresh();
}

void AssetsWorkspace::cancel()
{
    m_typingPause.stop();
    m_detailPatience.stop();
    m_waitingForDetails = false;
    m_results->cancelLoading();
    cancelCount();
    m_attributes->spread()->stop();
    m_resultsPane->cancelExport();
    tellSettled();
}

void AssetsWorkspace::rememberTenant() const
{
    QVariantMap state = m_tenantStates.value(m_loadedKey).toMap();
    state.insert(QStringLiteral("filter"), filter::print(m_document->expression()));
    state.insert(QStringLiteral("text"), m_filter->unappliedText());
    state.insert(QStringLiteral("pinned"), toVariants(m_asset->pinned()));
    // Before the attributes are there, nobody has seen the columns that are kept.
    if (m_columnsReady) {
        QStringList names;
        for (const int id : m_resultsPane->view()->shownColumns()) {
            if (const Attribute* attribute = m_knowledge->catalog().findId(id))
                names.append(attribute->name);
        }
        state.insert(QStringLiteral("columns"), toVariants(names));
        state.insert(QStringLiteral("widths"), m_resultsPane->view()->saveWidths());
        state.insert(QStringLiteral("sort"), sortState(m_results->sort()));
    }
    m_tenantStates.insert(m_loadedKey, state);
}

void AssetsWorkspace::restoreTenant()
{
    m_loadedKey = tenantKey();
    m_tenantStates.remove(QString());
    const QVariantMap state = m_tenantStates.value(m_loadedKey).toMap();
    // What was typed while there was no tenant is for this one. It replaces nothing that was kept: beside a
    // filter it waits as a text, beside a text among the earlier ones.
    const QString kept = state.value(QStringLiteral("filter")).toString();
    QStringList texts{state.value(QStringLiteral("text")).toString(), m_filter->unappliedText()};
    if (!kept.isEmpty() || m_document->expression().isEmpty()) {
        texts.append(filter::print(m_document->expression()));
        const filter::ParseResult parsed = filter::parse(kept);
        m_document->load(parsed.ok() ? parsed.expression : filter::Expression());
    }
    texts.removeAll(QString());
    m_filter->setUnappliedText(texts.isEmpty() ? QString() : texts.takeFirst());
    for (const QString& text : std::as_const(texts))
        m_filter->textEdit()->remember(text);
    m_asset->setPinned(state.value(QStringLiteral("pinned")).toStringList());
}

QVariantMap AssetsWorkspace::saveState() const
{
    rememberTenant();
    QVariantMap state;
    state.insert(QStringLiteral("tenants"), m_tenantStates);
    state.insert(QStringLiteral("panes"), m_splitter->saveState());
    state.insert(QStringLiteral("attributePane"), m_attributes->saveSplitter());
    state.insert(QStringLiteral("assetPane"), m_asset->saveSplitter());
    state.insert(QStringLiteral("historyRange"), m_asset->rangeIndex());
    state.insert(QStringLiteral("filterHistory"), toVariants(m_filter->textEdit()->history()));
    return state;
}

void AssetsWorkspace::restoreState(const QVariantMap& state)
{
    m_tenantStates = state.value(QStringLiteral("tenants")).toMap();
    if (m_loadedKey.isEmpty()) {
        const QVariantMap typed = m_tenantStates.value(QString()).toMap();
        const filter::ParseResult parsed = filter::parse(typed.value(QStringLiteral("filter")).toString());
        if (parsed.ok())
            m_document->load(parsed.expression);
        m_filter->setUnappliedText(typed.value(QStringLiteral("text")).toString());
    }
    if (state.contains(QStringLiteral("panes")))
        m_splitter->restoreState(state.value(QStringLiteral("panes")).toByteArray());
    if (state.contains(QStringLiteral("attributePane")))
        m_attributes->restoreSplitter(state.value(QStringLiteral("attributePane")).toByteArray());
    if (state.contains(QStringLiteral("assetPane")))
        m_asset->restoreSplitter(state.value(QStringLiteral("assetPane")).toByteArray());
    m_asset->setRangeIndex(state.value(QStringLiteral("historyRange"), 0).toInt());
    m_filter->textEdit()->setHistory(state.value(QStringLiteral("filterHistory")).toStringList());
}

bool AssetsWorkspace::isSettled() const
{
    if (!context() || !context()->tenant().isValid())
        return !context() || context()->tenantsLoading() != AppContext::Loading::Busy;
    if (m_stale)
        return !m_active;
    if (!m_catalog)
        return true;
    if (!m_catalog->isLoaded())
        return m_catalog->error().has_value();
    return !m_typingPause.isActive() && !m_waitingForDetails && !m_results->isLoading() &&
           !m_results->isGoingToEnd() && m_countTicket == 0 && m_findTicket == 0 && !m_asset->isLoading() &&
           !m_attributes->spread()->isCounting();
}

QString AssetsWorkspace::shownError() const
{
    for (const QString& error :
         {m_resultsPane->strip()->errorText(), m_resultsPane->exportStrip()->errorText(),
          m_attributes->strip()->errorText(), m_attributes->spread()->strip()->errorText(),
          m_asset->shownError()}) {
        if (!error.isEmpty())
            return error;
    }
    return {};
}

void AssetsWorkspace::tellSettled()
{
    Q_EMIT settledChanged();
}

QList<TourStep> AssetsWorkspace::tourSteps()
{
    return {
        {tr("a filter"),
         [this] {
             const AttributeCatalog& catalog = m_knowledge->catalog();
             const auto has = [&catalog](const char* name) {
                 return catalog.findName(QLatin1String(name)) != nullptr;
             };
             if (has("status") && has("region") && has("engine.coolant_temp") && has("firmware")) {
                 setFilterText(QStringLiteral("status = \"active\" and engine.coolant_temp > 95 and "
                                              "(region = \"eu-south\" or firmware = \"4.2.1\")"));
                 QList<int> columns;
                 for (const char* name : {"engine.coolant_temp", "region", "firmware", "speed"}) {
                     if (const Attribute* attribute = catalog.findName(QLatin1String(name)))
                         columns.append(attribute->id);
                 }
                 m_results->setColumns(columns);
                 m_asset->setPinned({QStringLiteral("engine.coolant_temp"), QStringLiteral("firmware"),
                                     QStringLiteral("region")});
                 return;
             }
             // Another platform: the most common text and its most common value.
             const Attribute* best = nullptr;
             for (int i = 0; i < catalog.size(); ++i) {
                 const Attribute& attribute = catalog.at(i);
                 if (attribute.type == ValueType::String && attribute.entitiesWith &&
                     (!best || *attribute.entitiesWith > *best->entitiesWith))
                     best = &attribute;
             }
             if (best)
                 addClause(existsClause(*best));
         }},
        {tr("an order"),
         [this] {
             // The values that say most first.
             if (const Attribute* attribute =
                     m_knowledge->catalog().findName(QStringLiteral("engine.coolant_temp")))
                 m_results->setSort(filter::Sort{filter::Subject::ofAttribute(attribute->name), true});
         }},
        {tr("an attribute"),
         [this] {
             const Attribute* attribute =
                 m_knowledge->catalog().findName(QStringLiteral("engine.coolant_temp"));
             if (!attribute && !m_results->columns().isEmpty())
                 attribute = m_knowledge->catalog().findId(m_results->columns().constFirst());
             if (attribute) {
                 m_attributes->select(attribute->id);
                 m_asset->selectAttribute(attribute->id);
             }
         }},
        {tr("an asset"),
         [this] {
             if (m_results->rowCount() > 0)
                 m_resultsPane->view()->setCurrentIndex(m_results->index(0, 0));
         }},
    };
}

} // namespace atlas::gui
