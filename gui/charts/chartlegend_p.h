// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractButton>
#include <QWidget>

#include "gui/charts/chartstyle.h"

namespace atlas::gui {

class LegendItem;

/// The names of the series, outside the data. A click (or Space) hides one, Shift-click (or Enter) leaves
/// only that one; arrow keys move, one tab stop. Wraps into lines.
class ChartLegend : public QWidget
{
    Q_OBJECT
public:
    struct Entry
    {
        QString id;
        QString name;
        QColor color;
        bool visible = true;
        bool operator==(const Entry&) const = default;
    };

    explicit ChartLegend(QWidget* parent);
    void setEntries(const QList<Entry>& entries);
    void setStyle(const ChartStyle& style);
    const ChartStyle& style() const { return m_style; }

    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override { return arrange(width, false); }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void toggled(const QString& id, bool visible);
    void onlyRequested(const QString& id);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    friend class LegendItem;
    void moveFocus(LegendItem* from, int by);
    void makeTabStop(LegendItem* item);
    int arrange(int width, bool apply) const;

    ChartStyle m_style;
    QList<Entry> m_entries;
    QList<LegendItem*> m_items;
};

/// One name with its colour.
class LegendItem : public QAbstractButton
{
    Q_OBJECT
public:
    LegendItem(ChartLegend* legend, const QString& id);
    void setEntry(const ChartLegend::Entry& entry);
    QString id() const { return m_id; }
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    ChartLegend* m_legend;
    QString m_id;
    QColor m_color;
};

} // namespace atlas::gui
