// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/palette/palettemodel.h"

#include <algorithm>
#include <iterator>

#include "gui/widgets/searchfield.h"

namespace atlas::gui {

namespace {

constexpr size_t shownRows = 200;

bool isWordStart(const QString& text, qsizetype at)
{
    return at == 0 || !text.at(at - 1).isLetterOrNumber();
}

/// All letters of `word` in order.
bool isSubsequence(const QString& word, const QString& text)
{
    qsizetype next = 0;
    for (const QChar character : text) {
        if (next < word.size() && character == word.at(next))
            ++next;
    }
    return next == word.size();
}

int wordScore(const QString& word, const QString& title, const QString& rest)
{
    qsizetype at = title.indexOf(word);
    if (at >= 0) {
        if (at == 0)
            return title.size() == word.size() ? 120 : 100;
        // A later occurrence may begin a word.
        for (; at >= 0; at = title.indexOf(word, at + 1)) {
            if (isWordStart(title, at))
                return 80;
        }
        return 60;
    }
    if (rest.contains(word))
        return 30;
    if (word.size() >= 2 && isSubsequence(word, title))
        return 10;
    return -1;
}

} // namespace

PaletteModel::PaletteModel(QObject* parent)
    : QAbstractListModel(parent)
{
}

int PaletteModel::score(const QString& title, const QString& rest, const QStringList& words)
{
    int total = 0;
    for (const QString& word : words) {
        const int one = wordScore(word, title, rest);
        if (one < 0)
            return -1;
        total += one;
    }
    // Among equals the shorter title is the closer one.
    return total * 64 - int(std::min<qsizetype>(title.size(), 63));
}

PaletteModel::Entry PaletteModel::makeEntry(PaletteItem item, PaletteProvider* provider)
{
    QString title = item.title.toLower();
    QString rest =
        (item.keywords + QLatin1Char(' ') + item.detail + QLatin1Char(' ') + provider->group()).toLower();
    return {std::move(item), std::move(title), std::move(rest), provider};
}

void PaletteModel::setProviders(const QList<PaletteProvider*>& providers)
{
    beginResetModel();
    m_providers = providers;
    m_rows.clear();
    m_cache.removeIf([&providers](auto it) { return !providers.contains(it.key()); });
    for (PaletteProvider* provider : providers) {
        std::shared_ptr<Cached>& cached = m_cache[provider];
        if (cached && cached->revision == provider->revision())
            continue;
        cached = std::make_shared<Cached>();
        cached->revision = provider->revision();
        QList<PaletteItem> items = provider->items();
        cached->entries.reserve(size_t(items.size()));
        for (PaletteItem& item : items)
            cached->entries.push_back(makeEntry(std::move(item), provider));
    }
    endResetModel();
}

void PaletteModel::search(const QString& text)
{
    beginResetModel();
    m_text = text;
    m_rows.clear();
    std::vector<Entry> last;
    if (!m_text.trimmed().isEmpty()) {
        for (PaletteProvider* provider : std::as_const(m_providers)) {
            QList<PaletteItem> made = provider->itemsFor(m_text);
            for (PaletteItem& item : made) {
                std::vector<Entry>& place = item.last ? last : m_rows;
                place.push_back(makeEntry(std::move(item), provider));
            }
        }
    }
    const QStringList words = searchWords(m_text);
    struct Hit
    {
        int score;
        int order;
        const Entry* entry;
    };
    std::vector<Hit> hits;
    int order = 0;
    for (PaletteProvider* provider : std::as_const(m_providers)) {
        const std::shared_ptr<Cached> cached = m_cache.value(provider);
        // With nothing typed the first few of each group say what there is.
        const size_t most = words.isEmpty() ? 40 : cached->entries.size();
        for (size_t i = 0; i < std::min(most, cached->entries.size()); ++i) {
            const Entry& entry = cached->entries[i];
            const int points = words.isEmpty() ? 0 : score(entry.title, entry.rest, words);
            if (points >= 0 || words.isEmpty())
                hits.push_back({points, order++, &entry});
        }
    }
    const size_t kept = std::min(shownRows, hits.size());
    std::partial_sort(hits.begin(), hits.begin() + std::ptrdiff_t(kept), hits.end(),
                      [](const Hit& a, const Hit& b) {
                          return a.score != b.score ? a.score > b.score : a.order < b.order;
                      });
    for (size_t i = 0; i < kept; ++i)
        m_rows.push_back(*hits[i].entry);
    std::move(last.begin(), last.end(), std::back_inserter(m_rows));
    endResetModel();
}

void PaletteModel::activate(int row)
{
    if (row < 0 || row >= rowCount())
        return;
    // Copied: what runs may change the providers.
    const Entry chosen = m_rows[size_t(row)];
    chosen.provider->activate(chosen.item.key, m_text);
}

int PaletteModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

QVariant PaletteModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Entry& entry = m_rows[size_t(index.row())];
    switch (role) {
    case Qt::DisplayRole:
        return entry.item.title;
    case DetailRole:
        return entry.item.detail;
    case GroupRole:
        return entry.provider->group();
    case IconRole:
        return entry.item.icon;
    case ShortcutRole:
        return entry.item.shortcut;
    case Qt::AccessibleTextRole:
        return QStringLiteral("%1, %2").arg(entry.item.title, entry.provider->group());
    default:
        return {};
    }
}

} // namespace atlas::gui
