// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/providers.h"

#include <QObject>

namespace atlas::gui {

void CommandProvider::setCommands(QList<Command> commands)
{
    m_commands = std::move(commands);
    ++m_revision;
}

QList<PaletteItem> CommandProvider::items() const
{
    QList<PaletteItem> items;
    for (int i = 0; i < m_commands.size(); ++i) {
        const Command& command = m_commands.at(i);
        items << PaletteItem{command.title,
                             command.detail,
                             command.keywords,
                             command.icon.isEmpty() ? QStringLiteral("command") : command.icon,
                             command.shortcut.toString(QKeySequence::NativeText),
                             quint64(i)};
    }
    return items;
}

void CommandProvider::activate(quint64 key, const QString&)
{
    if (key < quint64(m_commands.size()) && m_commands.at(qsizetype(key)).run) {
        // Copied: the command may make this list anew.
        const auto run = m_commands.at(qsizetype(key)).run;
        run();
    }
}

void NameProvider::setNames(const QStringList& names, const QString& current)
{
    if (names == m_names && current == m_current)
        return;
    m_names = names;
    m_current = current;
    ++m_revision;
}

QList<PaletteItem> NameProvider::items() const
{
    QList<PaletteItem> items;
    for (int i = 0; i < m_names.size(); ++i) {
        const QString& name = m_names.at(i);
        items << PaletteItem{
            name, name == m_current ? QObject::tr("chosen now") : QString(), {}, m_icon, {}, quint64(i)};
    }
    return items;
}

void NameProvider::activate(quint64 key, const QString&)
{
    if (key < quint64(m_names.size()))
        m_choose(QString(m_names.at(qsizetype(key))));
}

} // namespace atlas::gui
