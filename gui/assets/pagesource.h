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
    std::optional<filter::Sort> sort = {};
    std::optional<filter::SortCursor> sortAfter = {}; ///< with a sort, instead of `after`
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
        browse::PageRequest request;
        request.filter = query.filter;
        request.columns = query.columns;
        request.afterEntityId = query.after;
        request.limit = query.limit;
        request.sort = query.sort;
        request.sortAfter = query.sortAfter;
        return m_browser->page(std::move(request), query.catalog, receiver, std::move(done));
    }
    void cancel(quint64 ticket) override { m_browser->cancel(ticket); }

private:
    browse::Browser* m_browser;
};

} // namespace atlas::gui
