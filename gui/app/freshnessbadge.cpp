// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/freshnessbadge.h"

#include <QLocale>
#include <QPainter>

#include <chrono>

#include "gui/support/timetext.h"
#include "gui/theme/theme.h"

namespace atlas::gui {

namespace {
constexpr int iconSide = 14;
constexpr int padding = 10;
constexpr std::chrono::seconds tick(1);
constexpr double minutesFrom = 120; // seconds: from there on the text changes once a minute

QString limitText(double seconds)
{
    const QLocale locale;
    if (seconds < 120)
        return QObject::tr("%1 s").arg(locale.toString(seconds, 'g', 3));
    if (seconds < 7200)
        return QObject::tr("%1 min").arg(locale.toString(seconds / 60, 'g', 3));
    return QObject::tr("%1 h").arg(locale.toString(seconds / 3600, 'g', 3));
}
} // namespace

FreshnessBadge::FreshnessBadge(QWidget* parent)
    : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
    m_second.setInterval(tick);
    connect(&m_second, &QTimer::timeout, this, &FreshnessBadge::growOlder);
    setProvenance({});
}

void FreshnessBadge::setProvenance(const Provenance& provenance)
{
    m_provenance = provenance;
    m_age = provenance.ageNow();
    m_met = provenance.metNow();
    describe();
    setVisible(!provenance.endpoint.isEmpty());
    updateGeometry();
    update();
}

void FreshnessBadge::growOlder()
{
    const QString before = text();
    const bool wasMet = m_met;
    m_age = m_provenance.ageNow();
    m_met = m_provenance.metNow();
    if (text() == before)
        return;
    // A screen reader hears of another verdict, not of every second.
    if (m_met != wasMet || m_age.value_or(0) >= minutesFrom)
        describe();
    updateGeometry();
    update();
}

/// For those who do not look at it.
void FreshnessBadge::describe()
{
    setAccessibleName(text());
    QStringList lines;
    if (!m_provenance.endpoint.isEmpty())
        lines << tr("What is shown was read from %1.").arg(m_provenance.endpoint);
    if (!m_provenance.note.isEmpty())
        lines << m_provenance.note;
    if (m_provenance.slaSeconds > 0) {
        lines << (m_met ? tr("Fresh enough: under %1 is wanted.").arg(limitText(m_provenance.slaSeconds))
                        : tr("Not fresh enough, or not known to be: under %1 is wanted.")
                              .arg(limitText(m_provenance.slaSeconds)));
    }
    setToolTip(lines.isEmpty() ? QString()
                               : QStringLiteral("<p>%1</p>")
                                     .arg(lines.join(QLatin1Char('\n'))
                                              .toHtmlEscaped()
                                              .replace(QLatin1Char('\n'), QLatin1String("<br>"))));
}

void FreshnessBadge::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    growOlder();
    m_second.start();
}

void FreshnessBadge::hideEvent(QHideEvent* event)
{
    QWidget::hideEvent(event);
    m_second.stop();
}

QString FreshnessBadge::source() const
{
    const QString age = m_age ? tr("%1 old").arg(durationText(*m_age)) : tr("age unknown");
    return QStringLiteral("%1  ·  %2").arg(m_provenance.endpoint, age);
}

QString FreshnessBadge::verdict() const
{
    if (m_provenance.slaSeconds <= 0)
        return {};
    const QString limit = limitText(m_provenance.slaSeconds);
    return m_met ? tr("< %1").arg(limit) : tr("not < %1").arg(limit);
}

QString FreshnessBadge::text() const
{
    if (m_provenance.endpoint.isEmpty())
        return {};
    QString all = source();
    if (!verdict().isEmpty())
        all += QStringLiteral("  ·  %1 %2").arg(m_met ? QStringLiteral("✓") : QStringLiteral("!"), verdict());
    return all;
}

QSize FreshnessBadge::sizeHint() const
{
    int width = 2 * padding + fontMetrics().horizontalAdvance(source());
    if (!verdict().isEmpty())
        width += metrics::small + iconSide + 4 + fontMetrics().horizontalAdvance(verdict());
    return {width, metrics::controlHeight - 2};
}

void FreshnessBadge::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool judged = m_provenance.slaSeconds > 0;
    const ColorRole ink = !judged ? ColorRole::TextMuted : m_met ? ColorRole::Positive : ColorRole::Warning;
    const ColorRole back = !judged ? ColorRole::Hover
                           : m_met ? ColorRole::PositiveSoft
                                   : ColorRole::WarningSoft;
    painter.setPen(Qt::NoPen);
    painter.setBrush(color(back));
    painter.drawRoundedRect(rect(), height() / 2.0, height() / 2.0);
    QRect line = rect().adjusted(padding, 0, -padding, 0);
    painter.setPen(color(ColorRole::Text));
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, source());
    if (!judged)
        return;
    line.setLeft(line.left() + fontMetrics().horizontalAdvance(source()) + metrics::small);
    icon(m_met ? QStringLiteral("check") : QStringLiteral("warning"), ink)
        .paint(&painter, QRect(line.left(), line.center().y() - iconSide / 2 + 1, iconSide, iconSide));
    line.setLeft(line.left() + iconSide + 4);
    painter.setPen(color(ink));
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, verdict());
}

} // namespace atlas::gui
