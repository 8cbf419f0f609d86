// SPDX-License-Identifier: GPL-3.0-or-later
// The theme follows the desktop while the console runs: a session bus of this test's own, see withbus.sh,
// with a settings portal on it that says what the test wants.
#include <QDBusConnection>
#include <QDBusVariant>
#include <QSignalSpy>
#include <QTest>

#include "gui/theme/theme.h"

using namespace atlas::gui;

class Portal : public QObject
{
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.portal.Settings")
public:
    uint scheme = 0;

    void change(uint to)
    {
        scheme = to;
        Q_EMIT SettingChanged(QStringLiteral("org.freedesktop.appearance"), QStringLiteral("color-scheme"),
                              QDBusVariant(to));
    }

public Q_SLOTS:
    Q_SCRIPTABLE QDBusVariant Read(const QString& section, const QString& key)
    {
        const bool known =
            section == QLatin1String("org.freedesktop.appearance") && key == QLatin1String("color-scheme");
        return QDBusVariant(QVariant::fromValue(QDBusVariant(known ? scheme : 99U)));
    }

Q_SIGNALS:
    Q_SCRIPTABLE void SettingChanged(const QString& section, const QString& key, const QDBusVariant& value);
};

class TestColorScheme : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!qEnvironmentVariableIsSet("ATLAS_TEST_KEYRING_PID"))
            QSKIP("no session bus of its own here: install gnome-keyring and dbus-daemon");
        qunsetenv("GTK_THEME");
        QDBusConnection bus =
            QDBusConnection::connectToBus(QDBusConnection::SessionBus, QStringLiteral("portal"));
        QVERIFY(bus.registerObject(QStringLiteral("/org/freedesktop/portal/desktop"), &m_portal,
                                   QDBusConnection::ExportScriptableContents));
        QVERIFY(bus.registerService(QStringLiteral("org.freedesktop.portal.Desktop")));
        m_portal.scheme = 1;
    }

    void theThemeOfTheSystemIsFollowed()
    {
        Theme& theme = Theme::instance();
        theme.install();
        QCOMPARE(theme.mode(), Theme::Mode::System);
        QTRY_VERIFY(theme.isDark());
        QSignalSpy changed(&theme, &Theme::changed);
        m_portal.change(2);
        QTRY_VERIFY(!theme.isDark());
        QCOMPARE(changed.count(), 1);
        m_portal.change(1);
        QTRY_VERIFY(theme.isDark());
        m_portal.change(0); // no preference: as without a portal
        QTRY_VERIFY(!theme.isDark());
    }

    void aThemeOfOnesOwnStays()
    {
        Theme& theme = Theme::instance();
        theme.setMode(Theme::Mode::Light);
        QSignalSpy changed(&theme, &Theme::changed);
        m_portal.change(1);
        // It has been heard when the system's theme is dark; until then it was not taken.
        QTRY_VERIFY((theme.setMode(Theme::Mode::System), theme.isDark()));
        QCOMPARE(changed.count(), 1);
        theme.setMode(Theme::Mode::Light);
        QVERIFY(!theme.isDark());
    }

private:
    Portal m_portal;
};

QTEST_MAIN(TestColorScheme)
#include "tst_colorscheme.moc"
