// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/charts/timeserieschart.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QSaveFile>

#include <cmath>

#include "gui/charts/chartlegend_p.h"
#include "gui/charts/plotsurface_p.h"

namespace atlas::gui {

struct TimeSeriesChart::Private
{
    PlotModel model;
    QLabel* title = nullptr;
    QLabel* subtitle = nullptr;
    ChartLegend* legend = nullptr;
    std::optional<bool> legendWanted;
    QHBoxLayout* header = nullptr;
    PlotSurface* surface = nullptr;
    QMetaObject::Connection live;
    QMetaObject::Connection crosshair;
    QList<QAction*> actions;
};

TimeSeriesChart::TimeSeriesChart(const QString& title, ChartUnit unit, QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>())
{
    d->model.unit = unit;
    d->model.link = std::make_shared<ChartLink>();
    d->model.emptyText = tr("No samples in this window");

    d->title = new QLabel(title, this);
    d->title->setTextFormat(Qt::PlainText);
    d->subtitle = new QLabel(this);
    d->subtitle->setTextFormat(Qt::PlainText);
    d->subtitle->hide();
    d->legend = new ChartLegend(this);
    d->surface = new PlotSurface(&d->model, this);
    d->surface->setAccessibleName(title);
    d->surface->setObjectName(QStringLiteral("plot"));

    d->header = new QHBoxLayout;
    d->header->setContentsMargins(12, 6, 8, 0);
    d->header->setSpacing(8);
    d->header->addWidget(d->title, 0, Qt::AlignVCenter);
    d->header->addWidget(d->subtitle, 0, Qt::AlignVCenter);
    d->header->addSpacing(4);
    d->header->addWidget(d->legend, 1, Qt::AlignVCenter);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(d->header);
    layout->addWidget(d->surface, 1);

    connect(d->legend, &ChartLegend::toggled, this, &TimeSeriesChart::setSeriesVisible);
    connect(d->legend, &ChartLegend::onlyRequested, this, [this](const QString& id) {
        // A second time on the only one left brings all back.
        bool alone = true;
        for (const ChartSeries& series : d->model.data.series())
            alone = alone && series.visible == (series.id == id);
        QStringList ids;
        for (const ChartSeries& series : d->model.data.series())
            ids << series.id;
        for (const QString& each : std::as_const(ids))
            setSeriesVisible(each, alone || each == id);
    });
    connect(d->surface, &PlotSurface::redrawn, this, &TimeSeriesChart::describe);

    const auto action = [this](const QString& text, auto run) {
        auto* made = new QAction(text, this);
        connect(made, &QAction::triggered, this, run);
        d->actions << made;
        return made;
    };
    const auto askAndSave = [this](const QString& suffix, auto save) {
        const QString path = QFileDialog::getSaveFileName(
            this, tr("Save chart"),
            d->title->text().toLower().replace(QLatin1Char(' '), QLatin1Char('-')) + suffix);
        if (!path.isEmpty())
            save(path);
    };
    action(tr("Save as PNG…"), [this, askAndSave] {
        askAndSave(QStringLiteral(".png"), [this](const QString& path) { savePng(path); });
    });
    action(tr("Save as CSV…"), [this, askAndSave] {
        askAndSave(QStringLiteral(".csv"), [this](const QString& path) { saveCsv(path); });
    });
    action(tr("Copy picture"), [this] { copyImage(); });
    action(tr("Copy values"), [this] { copyCsv(); });

    setLink(d->model.link);
    setStyle(d->model.style);
}

TimeSeriesChart::~TimeSeriesChart()
{
    // The surface holds pointers into d.
    delete d->surface;
}

void TimeSeriesChart::setStyle(const ChartStyle& style)
{
    d->model.style = style;
    if (d->model.style.series.isEmpty())
        d->model.style.series << style.accent;
    d->title->setFont(style.strongFont);
    d->subtitle->setFont(style.smallFont);
    const auto paint = [](QLabel* label, const QColor& color) {
        QPalette palette = label->palette();
        palette.setColor(QPalette::WindowText, color);
        label->setPalette(palette);
    };
    paint(d->title, style.text);
    paint(d->subtitle, style.mutedText);
    QPalette own = palette();
    own.setColor(QPalette::Window, style.background);
    setPalette(own);
    setAutoFillBackground(true);
    d->legend->setStyle(d->model.style);
    refreshLegend();
    d->surface->restyle();
}

const ChartStyle& TimeSeriesChart::style() const
{
    return d->model.style;
}

QString TimeSeriesChart::title() const
{
    return d->title->text();
}

void TimeSeriesChart::setTitle(const QString& title)
{
    d->title->setText(title);
    d->surface->setAccessibleName(title);
}

void TimeSeriesChart::setSubtitle(const QString& text)
{
    d->subtitle->setText(text);
    d->subtitle->setVisible(!text.isEmpty());
}

void TimeSeriesChart::setUnit(ChartUnit unit, const QString& unitText)
{
    d->model.unit = unit;
    d->model.unitText = unitText;
    d->surface->schedule();
}

ChartUnit TimeSeriesChart::unit() const
{
    return d->model.unit;
}

void TimeSeriesChart::setShape(Shape shape)
{
    d->model.shape = shape;
    d->surface->schedule();
}

void TimeSeriesChart::setScale(Scale scale)
{
    d->model.scale = scale;
    d->surface->schedule();
}

TimeSeriesChart::Scale TimeSeriesChart::scale() const
{
    return d->model.scale;
}

void TimeSeriesChart::addHeaderWidget(QWidget* widget)
{
    d->header->addWidget(widget, 0, Qt::AlignVCenter);
}

void TimeSeriesChart::setLegendVisible(bool visible)
{
    d->legendWanted = visible;
    refreshLegend();
}

void TimeSeriesChart::setSeries(const QString& id, const QString& name, std::vector<double> at,
                                std::vector<double> values)
{
    d->model.data.set(id, name, std::move(at), std::move(values));
    refreshLegend();
    d->surface->schedule();
}

void TimeSeriesChart::append(const QString& id, double at, double value)
{
    if (d->model.data.append(id, at, value))
        d->surface->schedule();
}

void TimeSeriesChart::removeSeries(const QString& id)
{
    d->model.data.remove(id);
    refreshLegend();
    d->surface->schedule();
}

void TimeSeriesChart::clearSeries()
{
    d->model.data.clear();
    refreshLegend();
    d->surface->schedule();
}

void TimeSeriesChart::trim(double before)
{
    d->model.data.trim(before);
    d->surface->schedule();
}

void TimeSeriesChart::setSeriesColor(const QString& id, int color)
{
    if (ChartSeries* series = d->model.data.find(id)) {
        series->color = color;
        refreshLegend();
        d->surface->schedule();
    }
}

void TimeSeriesChart::setSeriesVisible(const QString& id, bool visible)
{
    ChartSeries* series = d->model.data.find(id);
    if (!series || series->visible == visible)
        return;
    series->visible = visible;
    refreshLegend();
    d->surface->schedule();
    Q_EMIT seriesVisibilityChanged(id, visible);
}

bool TimeSeriesChart::isSeriesVisible(const QString& id) const
{
    const ChartSeries* series = std::as_const(d->model.data).find(id);
    return series && series->visible;
}

void TimeSeriesChart::setGapAfter(double seconds)
{
    d->model.data.setGapAfter(seconds);
    d->surface->schedule();
}

void TimeSeriesChart::setBudgets(const QList<ChartBudget>& budgets)
{
    if (d->model.data.budgets() == budgets)
        return;
    d->model.data.setBudgets(budgets);
    d->surface->schedule();
}

void TimeSeriesChart::setAnnotations(const QList<ChartAnnotation>& annotations)
{
    d->model.annotations = annotations;
    d->surface->schedule();
}

const QList<ChartAnnotation>& TimeSeriesChart::annotations() const
{
    return d->model.annotations;
}

const ChartData& TimeSeriesChart::data() const
{
    return d->model.data;
}

void TimeSeriesChart::setLink(std::shared_ptr<ChartLink> link)
{
    disconnect(d->live);
    disconnect(d->crosshair);
    d->model.link = std::move(link);
    d->live = connect(d->model.link.get(), &ChartLink::liveChanged, this, &TimeSeriesChart::liveChanged);
    d->crosshair = connect(d->model.link.get(), &ChartLink::crosshairChanged, this, [this] {
        if (d->surface->hasFocus())
            describe();
    });
    d->surface->relink();
}

ChartLink* TimeSeriesChart::link() const
{
    return d->model.link.get();
}

void TimeSeriesChart::setTimeRange(double from, double to)
{
    d->model.link->setExtent(from, to);
}

bool TimeSeriesChart::isLive() const
{
    return d->model.link->isLive();
}

std::vector<ChartBreach> TimeSeriesChart::breaches() const
{
    return d->model.data.breaches(d->model.link->from(), d->model.link->to());
}

QList<ChartReading> TimeSeriesChart::readings() const
{
    return d->model.readings();
}

bool TimeSeriesChart::isEmptyShown() const
{
    return !d->model.data.hasValues(d->model.link->from(), d->model.link->to());
}

void TimeSeriesChart::setEmptyText(const QString& text)
{
    d->model.emptyText = text;
    d->surface->schedule();
}

QImage TimeSeriesChart::toImage(double pixelRatio) const
{
    const ChartStyle& style = d->model.style;
    const int headerHeight = 30;
    const QSize size(d->surface->width(), d->surface->height() + headerHeight);
    QImage image((QSizeF(size) * pixelRatio).toSize(), QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(pixelRatio);
    image.fill(style.background);
    QPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(style.strongFont);
    painter.setPen(style.text);
    const QRectF header(12, 4, size.width() - 24, headerHeight - 4);
    painter.drawText(header, Qt::AlignLeft | Qt::AlignVCenter, d->title->text());
    double x = header.left() + QFontMetricsF(style.strongFont).horizontalAdvance(d->title->text()) + 20;
    painter.setFont(style.smallFont);
    const QFontMetricsF metrics(style.smallFont);
    for (const ChartSeries& series : d->model.data.series()) {
        const double width = metrics.horizontalAdvance(series.name);
        if (!series.visible || x + width + 16 > header.right())
            continue;
        painter.setPen(Qt::NoPen);
        painter.setBrush(d->model.seriesColor(series.color));
        painter.drawRoundedRect(QRectF(x, header.center().y() - 5, 10, 10), 2.5, 2.5);
        painter.setPen(style.text);
        painter.drawText(QRectF(x + 16, header.top(), width + 2, header.height()),
                         Qt::AlignLeft | Qt::AlignVCenter, series.name);
        x += width + 32;
    }
    d->surface->redraw();
    QPixmap plot = d->surface->toPixmap(d->surface->width(), d->surface->height(), pixelRatio);
    plot.setDevicePixelRatio(pixelRatio);
    painter.drawPixmap(QPointF(0, headerHeight), plot);
    return image;
}

QByteArray TimeSeriesChart::toCsv() const
{
    return d->model.data.toCsv(d->model.link->from(), d->model.link->to());
}

namespace {
template<class Write> QString saveTo(const QString& path, Write write)
{
    QSaveFile file(path);
    if (file.open(QIODevice::WriteOnly) && write(file) && file.commit())
        return {};
    return file.errorString();
}
} // namespace

bool TimeSeriesChart::savePng(const QString& path) const
{
    const QImage image = toImage();
    const QString error = saveTo(path, [&image](QIODevice& file) { return image.save(&file, "PNG"); });
    if (!error.isEmpty())
        Q_EMIT const_cast<TimeSeriesChart*>(this)->saveFailed(path, error);
    return error.isEmpty();
}

bool TimeSeriesChart::saveCsv(const QString& path) const
{
    const QByteArray csv = toCsv();
    const QString error = saveTo(path, [&csv](QIODevice& file) { return file.write(csv) == csv.size(); });
    if (!error.isEmpty())
        Q_EMIT const_cast<TimeSeriesChart*>(this)->saveFailed(path, error);
    return error.isEmpty();
}

void TimeSeriesChart::copyImage() const
{
    QApplication::clipboard()->setImage(toImage());
}

void TimeSeriesChart::copyCsv() const
{
    auto data = std::make_unique<QMimeData>();
    const QByteArray csv = toCsv();
    data->setText(QString::fromUtf8(csv));
    data->setData(QStringLiteral("text/csv"), csv);
    QApplication::clipboard()->setMimeData(data.release());
}

QList<QAction*> TimeSeriesChart::exportActions() const
{
    return d->actions;
}

void TimeSeriesChart::flush()
{
    d->surface->redraw();
}

void TimeSeriesChart::contextMenuEvent(QContextMenuEvent* event)
{
    QMenu menu(this);
    QAction* live = menu.addAction(isLive() ? tr("Pause") : tr("Back to live"));
    connect(live, &QAction::triggered, this, [this] { d->model.link->setPaused(isLive()); });
    menu.addSeparator();
    menu.addActions(d->actions);
    menu.exec(event->globalPos());
}

void TimeSeriesChart::refreshLegend()
{
    QList<ChartLegend::Entry> entries;
    for (const ChartSeries& series : d->model.data.series())
        entries << ChartLegend::Entry{series.id, series.name, d->model.seriesColor(series.color),
                                      series.visible};
    d->legend->setEntries(entries);
    // Hidden it would leave the controls without their stretch: empty it takes no room but keeps its place.
    if (!d->legendWanted.value_or(entries.size() > 1))
        d->legend->setEntries({});
}

void TimeSeriesChart::describe()
{
    const ChartLink& link = *d->model.link;
    QStringList parts{tr("From %1 to %2.").arg(instantText(link.from(), 3600), instantText(link.to(), 3600))};
    if (isEmptyShown())
        parts << d->model.emptyText;
    if (const std::optional<double> at = link.crosshair()) {
        parts << tr("At %1:").arg(instantText(*at, link.to() - link.from()));
        for (const ChartReading& reading : readings())
            parts << tr("%1 %2.").arg(reading.name,
                                      reading.value ? d->model.value(*reading.value) : tr("no sample"));
    } else {
        for (const ChartSeries& series : d->model.data.series()) {
            if (!series.visible || series.values.empty())
                continue;
            const double last = series.values.back();
            parts << tr("%1: %2 at the end.")
                         .arg(series.name, std::isfinite(last) ? d->model.value(last) : tr("no sample"));
        }
    }
    if (const auto count = int(breaches().size()); count > 0)
        parts << tr("%n time(s) over budget.", nullptr, count);
    d->surface->setAccessibleDescription(parts.join(QLatin1Char(' ')));
}

} // namespace atlas::gui
