// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/tour.h"

#include <QDir>
#include <QPixmap>
#include <QTimer>

#include <chrono>
#include <cstdio>

#include "gui/app/mainwindow.h"

namespace atlas::gui {

namespace {
constexpr std::chrono::seconds patience(30);
constexpr std::chrono::milliseconds pollInterval(50);
/// Settled has to be said this often in a row: a step may start its work only in the next turn of the loop.
constexpr int settledTwice = 3;
constexpr QSize tourSize(1280, 800);
} // namespace

Tour::Tour(MainWindow* window, const QString& folder, const QString& suffix, QObject* parent)
    : QObject(parent)
    , m_window(window)
    , m_folder(folder)
    , m_suffix(suffix)
    , m_poll(new QTimer(this))
    , m_deadline(new QTimer(this))
{
    m_deadline->setSingleShot(true);
    connect(m_poll, &QTimer::timeout, this, &Tour::check);
    connect(m_deadline, &QTimer::timeout, this, [this] {
        fail(tr("not done after %1 s: %2").arg(patience.count()).arg(m_running.text));
        m_poll->stop();
        next();
    });
}

void Tour::say(const QString& text) const
{
    std::fputs(qPrintable(text + QLatin1Char('\n')), stdout);
    std::fflush(stdout);
}

void Tour::fail(const QString& reason)
{
    m_worked = false;
    say(QStringLiteral("FAILED  %1").arg(reason));
}

void Tour::start()
{
    if (!QDir().mkpath(m_folder)) {
        fail(tr("the folder %1 cannot be made").arg(m_folder));
        Q_EMIT finished(false);
        return;
    }
    m_window->resize(tourSize);
    m_steps << Step{tr("environment and tenant"),
                    [] {},
                    [this] {
                        const AppContext* context = m_window->context();
                        return context->environment() && context->tenant().isValid();
                    },
                    {}};
    m_steps << Step{tr("plan"), [this] { planWorkspaces(); }, {}, {}};
    next();
}

void Tour::planWorkspaces()
{
    const QStringList ids = m_window->workspaceIds();
    for (const QString& id : ids) {
        const auto settled = [this, id] { return m_window->workspace(id)->isSettled(); };
        m_steps << Step{tr("show %1").arg(id), [this, id] { m_window->showWorkspace(id); }, settled, id};
        const QList<TourStep> own = m_window->workspace(id)->tourSteps();
        for (const TourStep& step : own)
            m_steps << Step{QStringLiteral("%1: %2").arg(id, step.title), step.run, settled, id};
        for (const Theme::Mode mode : {Theme::Mode::Light, Theme::Mode::Dark}) {
            const QString name = QStringLiteral("%1-%2").arg(id, Theme::modeName(mode));
            m_steps << Step{tr("theme %1").arg(Theme::modeName(mode)),
                            [mode] { Theme::instance().setMode(mode); }, settled, id};
            m_steps << Step{tr("picture %1").arg(name), [this, name] { takePicture(name); }, {}, id};
        }
        m_steps << Step{tr("check %1").arg(id),
                        [this, id] {
                            const QString error = m_window->workspace(id)->shownError();
                            if (!error.isEmpty())
                                fail(tr("%1 shows an error: %2").arg(id, error));
                        },
                        {},
                        id};
    }
    m_steps << Step{tr("check the frame"),
                    [this] {
                        if (!m_window->shownError().isEmpty())
                            fail(tr("the window shows an error: %1").arg(m_window->shownError()));
                    },
                    {},
                    {}};
}

void Tour::next()
{
    if (m_steps.isEmpty()) {
        Q_EMIT finished(m_worked);
        return;
    }
    m_running = m_steps.takeFirst();
    m_settledChecks = 0;
    m_running.run();
    m_deadline->start(patience);
    m_poll->start(m_running.isDone ? pollInterval : std::chrono::milliseconds(0));
}

void Tour::check()
{
    if (m_running.isDone) {
        m_settledChecks = m_running.isDone() ? m_settledChecks + 1 : 0;
        if (m_settledChecks < settledTwice)
            return;
        say(QStringLiteral("ok      %1").arg(m_running.text));
    }
    m_poll->stop();
    m_deadline->stop();
    next();
}

void Tour::takePicture(const QString& name)
{
    const QString file = QDir(m_folder).filePath(name + m_suffix + QStringLiteral(".png"));
    const QPixmap picture = m_window->grab();
    if (!picture.save(file))
        fail(tr("%1 cannot be written").arg(file));
    else
        say(QStringLiteral("picture %1 (%2 x %3)").arg(file).arg(picture.width()).arg(picture.height()));
}

} // namespace atlas::gui
