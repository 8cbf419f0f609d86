// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QWidget>

namespace atlas::gui {

/// The colour of an environment: a few that are told apart easily, and any other by a dialog.
class SwatchRow : public QWidget
{
    Q_OBJECT
public:
    explicit SwatchRow(QWidget* parent = nullptr);
    void setColor(const QString& color);
    QString color() const { return m_color; }
    static QString suggestion(int index);
    QSize sizeHint() const override;

Q_SIGNALS:
    void chosen();

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    void choose(int index);
    void openDialog();
    QRect swatchRect(int index) const;
    int current() const;

    QString m_color;
};

} // namespace atlas::gui
