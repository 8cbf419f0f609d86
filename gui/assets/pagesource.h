// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "model/browse/browse.h"

namespace atlas::gui {

struct PageQuery
{
    filter::Expression filter;
    AttributeCatalog catalog;
    QList<int> columns; ///< attribute ids
    qint64 after = 0;   ///< entity id, 0: from the start
    int limit = 0;
    std::optional<filter::Sort> sort; ///< instead of the order of the entity ids
    std::optional<QString>
        afterValue; ///< with sort: what the entity `after` is sorted by; nullopt: it has none
};

/// Where a result's rows come from: the seam at which tests put something without a server.
class PageSource
{
public:
    virtual ~PageSource() = default;
    /// `done` runs later, never within the call, never when the receiver is gone. Returns a ticket for
    /// cancel(), after which `done` may still be called with an error or not at all.
    virtual quint64 page(const PageQuery& query, QObject* receiver, browse::Handler<browse::Page> done) = 0;
    virtual void cancel(quint64 ticket) = 0;
};

/// The real one.
class BrowserPageSource : public PageSource
{
public:
    explicit BrowserPageSource(browse::Browser* browser)
        : m_browser(browser)
    {
    }
    quint64 page(const PageQuery& query, QObject* receiver, browse::Handler<browse::Page> done) override
    {
        browse::Place place{query.after, query.sort, {}};
        if (query.sort && query.after != 0)
            place.sortAfter = filter::SortCursor{query.afterValue, query.after};
        return m_browser->page(query.filter, query.catalog, query.columns, place, query.limit, receiver,
                               std::move(done));
    }
    void cancel(quint64 ticket) override { m_browser->cancel(ticket); }

private:
    browse::Browser* m_browser;
};

} // namespace atlas::gui
