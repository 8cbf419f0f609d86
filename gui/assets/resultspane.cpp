// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/resultspane.h"

#include <QDir>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QStandardPaths>
#include <QToolButton>
#include <QVBoxLayout>

#include "gui/assets/resultsmodel.h"
#include "gui/assets/resultsview.h"
#include "gui/support/timetext.h"
#include "gui/theme/theme.h"
#include "gui/widgets/buttons.h"
#include "gui/widgets/elidedlabel.h"
#include "gui/widgets/emptystate.h"
#include "gui/widgets/messagestrip.h"

namespace atlas::gui {

ResultsPane::ResultsPane(ResultsModel* model, QWidget* parent)
    : QWidget(parent)
    , m_model(model)
{
    setObjectName(QStringLiteral("resultsPane"));
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    m_strip = new MessageStrip(this);
    m_exportStrip = new MessageStrip(this);
    m_exportStrip->setClosable(true);

    m_bar = new QWidget(this);
    m_status = new ElidedLabel(m_bar);
    m_status->setForegroundRole(QPalette::PlaceholderText);
    m_status->setFont(Theme::instance().smallFont());
    m_notice = new QLabel(m_bar);
    m_notice->setFont(Theme::instance().smallFont());
    m_notice->hide();
    m_explainButton = new QToolButton(m_bar);
    m_explainButton->setObjectName(QStringLiteral("explainButton"));
    m_explainButton->setText(tr("Explain…"));
    m_explainButton->setIcon(icon(QStringLiteral("info")));
    m_explainButton->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_explainButton->setAutoRaise(true);
    m_explainButton->setToolTip(tr("How the filter was answered, what was expected and what was found "
                                   "(Ctrl+Shift+E)"));
    m_explainButton->setFocusPolicy(Qt::TabFocus);
    m_explainButton->setEnabled(false);
    connect(m_explainButton, &QToolButton::clicked, this, &ResultsPane::explainWanted);
    m_exportButton = new QToolButton(m_bar);
    m_exportButton->setText(tr("Export"));
    m_exportButton->setIcon(icon(QStringLiteral("export")));
    m_exportButton->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_exportButton->setAutoRaise(true);
    m_exportButton->setToolTip(tr("Write all rows of the result to a file (Ctrl+E)"));
    m_exportButton->setFocusPolicy(Qt::TabFocus);
    auto* formats = new QMenu(this);
    formats->addAction(tr("CSV…"), this, [this] { Q_EMIT exportWanted(exporting::RowFormat::Csv); });
    formats->addAction(tr("JSON Lines…"), this,
                       [this] { Q_EMIT exportWanted(exporting::RowFormat::JsonLines); });
    connect(m_exportButton, &QToolButton::clicked, this, [this, formats] {
        formats->popup(m_exportButton->mapToGlobal(QPoint(0, m_exportButton->height())));
    });
    auto* bar = new QHBoxLayout(m_bar);
    bar->setContentsMargins(metrics::normal, 0, metrics::small, 0);
    bar->setSpacing(metrics::small);
    bar->addWidget(sectionLabel(tr("Assets"), m_bar));
    bar->addWidget(m_status, 1);
    bar->addWidget(m_notice);
    bar->addWidget(m_explainButton);
    bar->addWidget(m_exportButton);

    m_exportRow = new QWidget(this);
    m_exportText = new QLabel(m_exportRow);
    m_exportBar = new QProgressBar(m_exportRow);
    m_exportBar->setTextVisible(false);
    m_exportBar->setFixedHeight(6);
    QPushButton* stop = button(tr("Cancel"), m_exportRow);
    auto* exportLayout = new QHBoxLayout(m_exportRow);
    exportLayout->setContentsMargins(metrics::normal, metrics::tight, metrics::small, metrics::tight);
    exportLayout->addWidget(m_exportText);
    exportLayout->addWidget(m_exportBar, 1);
    exportLayout->addWidget(stop);
    m_exportRow->hide();

    m_view = new ResultsView(model, this);
    m_empty = new EmptyState(QStringLiteral("filter"), {}, {}, this);
    m_emptyButton = m_empty->addButton({}, true);
    m_emptyButton->hide();
    m_pages = new QStackedWidget(this);
    m_pages->addWidget(m_view);
    m_pages->addWidget(m_empty);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_strip);
    layout->addWidget(m_exportStrip);
    layout->addWidget(m_bar);
    layout->addWidget(m_exportRow);
    layout->addWidget(m_pages, 1);

    m_noticeTimer.setSingleShot(true);
    m_noticeTimer.setInterval(4000);
    connect(&m_noticeTimer, &QTimer::timeout, m_notice, &QWidget::hide);
    connect(m_emptyButton, &QPushButton::clicked, this, &ResultsPane::emptyAction);
    connect(m_view, &ResultsView::copied, this, &ResultsPane::notice);
    connect(m_view, &ResultsView::refused, this, &ResultsPane::notice);
    connect(m_strip, &MessageStrip::retryRequested, this, &ResultsPane::retryRequested);
    connect(stop, &QPushButton::clicked, this, &ResultsPane::cancelExport);
    const auto updateStatus = [this] {
        if (m_model->isGoingToEnd())
            m_status->setText(
                tr("Reading to the end: %1 rows so far, Esc stops").arg(countText(m_model->knownRows())));
        else if (m_model->isCapped())
            m_status->setText(tr("The table shows the first %1; narrow the filter, or export them all")
                                  .arg(countText(ResultsModel::mostRows)));
        else
            m_status->setText(orderText());
    };
    connect(m_model, &ResultsModel::sortChanged, this, updateStatus);
    connect(m_model, &ResultsModel::loadingChanged, this, updateStatus);
    connect(m_model, &ResultsModel::walked, this, updateStatus);
    connect(m_model, &QAbstractItemModel::rowsInserted, this, updateStatus);
    connect(m_model, &QAbstractItemModel::modelReset, this, updateStatus);
}

void ResultsPane::showEmpty(const QString& iconName, const QString& title, const QString& text,
                            const QString& action)
{
    m_empty->setIconName(iconName);
    m_empty->setTexts(title, text);
    m_emptyButton->setText(action);
    m_emptyButton->setVisible(!action.isEmpty());
    m_pages->setCurrentWidget(m_empty);
    m_exportButton->setEnabled(false);
}

void ResultsPane::showRows()
{
    m_pages->setCurrentWidget(m_view);
    m_exportButton->setEnabled(true);
}

void ResultsPane::setExplainable(bool explainable)
{
    m_explainButton->setEnabled(explainable);
}

QString ResultsPane::orderText() const
{
    const std::optional<filter::Sort>& sort = m_model->sort();
    if (!sort)
        return {};
    return sort->subject.isAttribute() ? tr("%1; assets without it come last").arg(m_model->sortText())
                                       : m_model->sortText();
}

QString ResultsPane::orderShown() const
{
    return m_status->text();
}

bool ResultsPane::showsRows() const
{
    return m_pages->currentWidget() == m_view;
}

void ResultsPane::notice(const QString& text)
{
    m_notice->setText(text);
    m_notice->show();
    m_noticeTimer.start();
}

void ResultsPane::chooseExportFile(exporting::RowFormat format, const QString& suggestedName)
{
    auto* dialog = new QFileDialog(this, tr("Export all rows"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(exporting::fileSuffix(format));
    dialog->setNameFilter(format == exporting::RowFormat::Csv ? tr("CSV (*.csv)")
                                                              : tr("JSON Lines (*.jsonl)"));
    dialog->setDirectory(QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation));
    dialog->selectFile(suggestedName);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this, format](const QString& path) { Q_EMIT exportRequested(format, path); });
    dialog->open();
}

void ResultsPane::follow(Exporter* exporter, std::optional<double> expectedRows)
{
    if (m_exporter)
        m_exporter->disconnect(this);
    m_exporter = exporter;
    m_exportExpected = expectedRows;
    m_exportStrip->clear();
    m_exportBar->setRange(0, expectedRows ? 1000 : 0);
    m_exportRow->show();
    showExportProgress(0);
    connect(exporter, &Exporter::progressed, this, &ResultsPane::showExportProgress);
    const auto name = [exporter] { return QDir::toNativeSeparators(exporter->path()); };
    connect(exporter, &Exporter::finished, this, [this, exporter, name](qint64 rows) {
        m_exportRow->hide();
        m_exportStrip->showMessage(
            MessageStrip::Kind::Success,
            tr("%1 rows written to %2 in %3.")
                .arg(countText(rows), name(), elapsedText(exporter->seconds() * 1000)));
    });
    connect(exporter, &Exporter::cancelled, this, [this] {
        m_exportRow->hide();
        m_exportStrip->showMessage(MessageStrip::Kind::Info, tr("Export cancelled; no file was written."));
    });
    connect(exporter, &Exporter::failed, this,
            [this](const QString& why, const std::optional<db::DbError>& error) {
                m_exportRow->hide();
                if (error)
                    m_exportStrip->showError(why, *error);
                else
                    m_exportStrip->showMessage(MessageStrip::Kind::Error, why);
            });
}

void ResultsPane::showExportProgress(qint64 rows)
{
    if (m_exportExpected && *m_exportExpected > 0) {
        m_exportText->setText(
            tr("Exporting: %1 of %2 rows").arg(countText(rows), estimateText(*m_exportExpected)));
        m_exportBar->setValue(int(std::min(1.0, double(rows) / *m_exportExpected) * 1000));
    } else {
        m_exportText->setText(tr("Exporting: %1 rows").arg(countText(rows)));
    }
}

bool ResultsPane::isExporting() const
{
    return m_exporter && m_exporter->isRunning();
}

void ResultsPane::cancelExport()
{
    if (m_exporter)
        m_exporter->cancel();
}

} // namespace atlas::gui
