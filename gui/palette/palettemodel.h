// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractListModel>
#include <QHash>

#include <memory>
#include <vector>

#include "gui/palette/paletteprovider.h"

namespace atlas::gui {

/// What the palette lists for what is typed: several words in any order, letters in order as a fallback
/// ("hset" finds "Hot set"). Meant for tens of thousands of lines: searches lower-cased copies made once,
/// shows the best few hundred.
class PaletteModel : public QAbstractListModel
{
    Q_OBJECT
public:
    enum Role { DetailRole = Qt::UserRole + 1, GroupRole, IconRole, ShortcutRole };

    explicit PaletteModel(QObject* parent = nullptr);

    /// In order of preference where two lines match equally well.
    void setProviders(const QList<PaletteProvider*>& providers);
    void search(const QString& text);
    QString text() const { return m_text; }
    void activate(int row);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

    /// Higher is better, negative: no match. `title` and `rest` are lower-case. Public for its test.
    static int score(const QString& title, const QString& rest, const QStringList& words);

private:
    struct Entry
    {
        PaletteItem item;
        QString title; ///< lower-case
        QString rest;  ///< lower-case: keywords and detail
        PaletteProvider* provider;
    };
    struct Cached
    {
        quint64 revision;
        std::vector<Entry> entries;
    };
    static Entry makeEntry(PaletteItem item, PaletteProvider* provider);

    QList<PaletteProvider*> m_providers;
    QHash<PaletteProvider*, std::shared_ptr<Cached>> m_cache;
    std::vector<Entry> m_rows;
    QString m_text;
};

} // namespace atlas::gui
