// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QStringList>
#include <QVariant>
#include <QWidget>

namespace atlas::gui {

/// A few exclusive choices side by side (5 min | 1 h | 24 h). Arrow keys move, one tab stop.
class SegmentedControl : public QWidget
{
    Q_OBJECT
public:
    explicit SegmentedControl(QWidget* parent = nullptr);
    void addSegment(const QString& text, const QVariant& value = {}, const QString& tooltip = {});
    int count() const { return int(m_segments.size()); }
    int currentIndex() const { return m_current; }
    void setCurrentIndex(int index);
    QVariant currentData() const;
    void setCurrentData(const QVariant& value);
    QString text(int index) const { return m_segments.at(index).text; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

Q_SIGNALS:
    void currentChanged(int index);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    struct Segment
    {
        QString text;
        QVariant data;
        QString tooltip;
    };
    QRect segmentRect(int index) const;
    int segmentAt(const QPoint& point) const;

    QList<Segment> m_segments;
    int m_current = -1;
    int m_hover = -1;
};

} // namespace atlas::gui
