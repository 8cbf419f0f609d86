// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QWidget>

#include "gui/theme/theme.h"
#include "model/lag/stagelag.h"

namespace atlas::gui {

/// What a card says of one stage: plain text, decided apart from how it is drawn.
struct HopText
{
    QString title;  ///< "Replica"
    QString node;   ///< "replica-1"; empty where it would only repeat the title
    QString state;  ///< "falling behind"
    QString lag;    ///< "0.4 s", "–" when it is not known
    QString detail; ///< "12 kB to replay", "1,204 rows waiting"
    QString evidence;
    QString spoken; ///< the whole in one sentence, for screen readers
};
HopText hopText(const lag::StageLag& stage);
/// Ink of the shape and the word.
ColorRole hopColor(lag::State state);
/// A shape for each state, so that nothing depends on colour: disc, triangle, cross in a square, two bars,
/// ring.
void paintHopState(QPainter* painter, const QRect& rect, lag::State state);

/// One stage. A tab stop; ← and → go to its neighbours.
class HopCard : public QWidget
{
    Q_OBJECT
public:
    explicit HopCard(QWidget* parent = nullptr);
    void setStage(const lag::StageLag& stage);
    const lag::StageLag& stage() const { return m_stage; }
    const HopText& text() const { return m_text; }
    static int heightWanted();
    static constexpr int narrowest = 132;

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    lag::StageLag m_stage;
    HopText m_text;
};

/// The way of a row from its commit to the warehouse: a card for each stage, an arrow where the stage
/// changes. Takes a second row when there are more stages than fit.
class HopStrip : public QWidget
{
    Q_OBJECT
public:
    explicit HopStrip(QWidget* parent = nullptr);
    /// Before the first call it says that the nodes are being looked at.
    void setStages(const QList<lag::StageLag>& stages);
    /// Back to that.
    void clear();
    QList<HopCard*> cards() const { return m_cards; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    int columnsFor(int width) const;
    void arrange();

    QList<HopCard*> m_cards;
};

} // namespace atlas::gui
