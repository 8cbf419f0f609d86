// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/session.h"

#include <QStandardPaths>

#include <utility>

namespace atlas::gui::session {

Settings::Settings()
    : QSettings(QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
                    QStringLiteral("/atlas-console/session.ini"),
                QSettings::IniFormat)
{
}

Writer::Writer()
{
    m_pool.setMaxThreadCount(1);
}

void Writer::write(const QVariantMap& values)
{
    {
        const std::lock_guard lock(m_mutex);
        m_waiting.insert(values);
        if (std::exchange(m_running, true))
            return;
    }
    m_pool.start([this] { run(); });
}

void Writer::wait()
{
    m_pool.waitForDone();
}

void Writer::run()
{
    for (;;) {
        QVariantMap values;
        {
            const std::lock_guard lock(m_mutex);
            values = std::exchange(m_waiting, {});
            m_running = !values.isEmpty();
        }
        if (values.isEmpty())
            return;
        Settings settings;
        for (auto it = values.cbegin(); it != values.cend(); ++it)
            settings.setValue(it.key(), it.value());
    }
}

} // namespace atlas::gui::session
