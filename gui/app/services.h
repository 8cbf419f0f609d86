// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "gui/app/appcontext.h"
#include "model/catalog/catalogservice.h"
#include "model/lag/monitor.h"
#include "model/routing/reader.h"

namespace atlas::gui {

/// The models that several workspaces share, each made by whoever asks first. Hold them only until the
/// context says environmentChanged() (tenantChanged() for the catalogue), then ask again.

/// Watches every node of the environment, once a second, from the first call on. nullptr without an
/// environment.
std::shared_ptr<lag::Monitor> monitorOf(AppContext& context);
/// Sends reads where their intent wants them. Keeps its monitor alive. nullptr without an environment.
std::shared_ptr<routing::Reader> readerOf(AppContext& context);
/// The catalogue of the chosen tenant; loads itself when made. nullptr without a tenant.
std::shared_ptr<CatalogService> catalogOf(AppContext& context);

} // namespace atlas::gui
