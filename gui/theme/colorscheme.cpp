// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/theme/colorscheme.h"

#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QFileInfo>

#include <utility>

namespace atlas::gui {

namespace {

const QString service = QStringLiteral("org.freedesktop.portal.Desktop");
const QString path = QStringLiteral("/org/freedesktop/portal/desktop");
const QString interface = QStringLiteral("org.freedesktop.portal.Settings");
const QString appearance = QStringLiteral("org.freedesktop.appearance");
const QString colorScheme = QStringLiteral("color-scheme");

/// Without either, looking for a bus may start one.
bool hasSessionBus()
{
    return qEnvironmentVariableIsSet("DBUS_SESSION_BUS_ADDRESS") ||
           QFileInfo::exists(qEnvironmentVariable("XDG_RUNTIME_DIR") + QStringLiteral("/bus"));
}

} // namespace

ColorScheme::ColorScheme(QObject* parent)
    : QObject(parent)
{
    if (!hasSessionBus())
        return;
    QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected())
        return;
    QDBusMessage read = QDBusMessage::createMethodCall(service, path, interface, QStringLiteral("Read"));
    read << appearance << colorScheme;
    auto* answer = new QDBusPendingCallWatcher(bus.asyncCall(read), this);
    connect(answer, &QDBusPendingCallWatcher::finished, this, [this, answer] {
        const QDBusPendingReply<QDBusVariant> reply = *answer;
        answer->deleteLater();
        // Not before the first answer: on a connection that has just been made Qt 6.4 may refuse to listen.
        QDBusConnection::sessionBus().connect(service, path, interface, QStringLiteral("SettingChanged"),
                                              this, SLOT(settingChanged(QString, QString, QDBusVariant)));
        if (!reply.isError())
            take(reply.value().variant());
    });
}

void ColorScheme::settingChanged(const QString& section, const QString& key, const QDBusVariant& value)
{
    if (section == appearance && key == colorScheme)
        take(value.variant());
}

void ColorScheme::take(const QVariant& value)
{
    // Read() wraps the value twice, ReadOne() and the signal once.
    const QVariant inner = value.metaType() == QMetaType::fromType<QDBusVariant>()
                               ? value.value<QDBusVariant>().variant()
                               : value;
    std::optional<bool> dark;
    switch (inner.toUInt()) {
    case 1:
        dark = true;
        break;
    case 2:
        dark = false;
        break;
    default: // 0: no preference
        break;
    }
    if (std::exchange(m_dark, dark) != dark)
        Q_EMIT changed();
}

} // namespace atlas::gui
