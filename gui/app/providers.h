// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include "gui/app/command.h"
#include "gui/palette/paletteprovider.h"

namespace atlas::gui {

/// Commands of the frame and of every workspace, asked for each time the palette opens.
class CommandProvider : public PaletteProvider
{
public:
    explicit CommandProvider(QString group)
        : m_group(std::move(group))
    {
    }
    void setCommands(QList<Command> commands);
    QString group() const override { return m_group; }
    QList<PaletteItem> items() const override;
    quint64 revision() const override { return m_revision; }
    void activate(quint64 key, const QString& text) override;

private:
    QString m_group;
    QList<Command> m_commands;
    quint64 m_revision = 0;
};

/// A list of names to choose one of (tenants, environments).
class NameProvider : public PaletteProvider
{
public:
    NameProvider(QString group, QString icon, std::function<void(const QString& name)> choose)
        : m_group(std::move(group))
        , m_icon(std::move(icon))
        , m_choose(std::move(choose))
    {
    }
    void setNames(const QStringList& names, const QString& current);
    QString group() const override { return m_group; }
    QList<PaletteItem> items() const override;
    quint64 revision() const override { return m_revision; }
    void activate(quint64 key, const QString& text) override;

private:
    QString m_group;
    QString m_icon;
    std::function<void(const QString&)> m_choose;
    QStringList m_names;
    QString m_current;
    quint64 m_revision = 0;
};

} // namespace atlas::gui
