// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>
#include <QWidget>

#include <memory>

#include "gui/assets/exporter.h"
#include "model/export/rowwriter.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace atlas::gui {

class BusyIndicator;
class ElidedLabel;
class EmptyState;
class MessageStrip;
class ResultsModel;
class ResultsView;

/// Middle: messages, the rows, and exports under way.
class ResultsPane : public QWidget
{
    Q_OBJECT
public:
    explicit ResultsPane(ResultsModel* model, QWidget* parent = nullptr);

    ResultsView* view() const { return m_view; }
    MessageStrip* strip() const { return m_strip; }
    MessageStrip* exportStrip() const { return m_exportStrip; }
    /// Instead of rows: nothing chosen, nothing found.
    void showEmpty(const QString& iconName, const QString& title, const QString& text,
                   const QString& action = {});
    void showRows();
    /// Rows, or none, are the answer to something that can be explained.
    void setExplainable(bool explainable);
    bool showsRows() const;
    /// What the line above the rows says of them.
    QString orderShown() const;
    /// One line beside the buttons that goes away by itself.
    void notice(const QString& text);

    /// Asks for a file, then exportRequested() follows.
    void chooseExportFile(exporting::RowFormat format, const QString& suggestedName);
    void follow(Exporter* exporter, std::optional<double> expectedRows);
    bool isExporting() const;
    void cancelExport();

Q_SIGNALS:
    void emptyAction();
    void explainWanted();
    void exportWanted(atlas::exporting::RowFormat format);
    void exportRequested(atlas::exporting::RowFormat format, const QString& path);
    void retryRequested();

private:
    void showExportProgress(qint64 rows);
    QString orderText() const;

    ResultsModel* m_model;
    MessageStrip* m_strip;
    MessageStrip* m_exportStrip;
    QWidget* m_bar;
    ElidedLabel* m_status;
    QLabel* m_notice;
    QToolButton* m_explainButton;
    QToolButton* m_exportButton;
    QStackedWidget* m_pages;
    ResultsView* m_view;
    EmptyState* m_empty;
    QPushButton* m_emptyButton;
    QWidget* m_exportRow;
    QLabel* m_exportText;
    QProgressBar* m_exportBar;
    QTimer m_noticeTimer;
    QPointer<Exporter> m_exporter;
    std::optional<double> m_exportExpected;
};

} // namespace atlas::gui
