// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/app/services.h"

namespace atlas::gui {

std::shared_ptr<lag::Monitor> monitorOf(AppContext& context)
{
    if (!context.environment())
        return nullptr;
    return context.sharedModel<lag::Monitor>(AppContext::Scope::Environment, [&context] {
        auto monitor = std::make_shared<lag::Monitor>(context.client(), *context.environment());
        monitor->start();
        return monitor;
    });
}

std::shared_ptr<routing::Reader> readerOf(AppContext& context)
{
    auto monitor = monitorOf(context);
    if (!monitor)
        return nullptr;
    return context.sharedModel<routing::Reader>(AppContext::Scope::Environment, [&context, &monitor] {
        auto reader = std::make_unique<routing::Reader>(context.client(), monitor.get());
        // The deleter holds the monitor: models are dropped in no particular order.
        return std::shared_ptr<routing::Reader>(reader.release(),
                                                [monitor](routing::Reader* gone) { delete gone; });
    });
}

std::shared_ptr<CatalogService> catalogOf(AppContext& context)
{
    if (!context.tenant().isValid())
        return nullptr;
    auto reader = readerOf(context);
    if (!reader)
        return nullptr;
    return context.sharedModel<CatalogService>(AppContext::Scope::Tenant, [&context, &reader] {
        auto service = std::make_unique<CatalogService>(reader.get(), context.tenant().id);
        service->reload();
        return std::shared_ptr<CatalogService>(service.release(),
                                               [reader](CatalogService* gone) { delete gone; });
    });
}

} // namespace atlas::gui
