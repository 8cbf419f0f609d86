// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QMimeData>
#include <QString>

#include <optional>

#include "model/filter/expression.h"

/// What the parts of this workspace drag to each other. Every drag carries text too, for other programs.
namespace atlas::gui::mime {

inline constexpr char attribute[] = "application/x-atlas-attribute"; ///< UTF-8 name
inline constexpr char node[] = "application/x-atlas-filter-node";    ///< path in the filter, "0/2/1"
inline constexpr char assetColumn[] = "application/x-atlas-column";  ///< position among the attribute columns

QMimeData* ofAttribute(const QString& name);
std::optional<QString> attributeName(const QMimeData* data);

/// `text` is the text form of the node.
QMimeData* ofNode(const filter::NodePath& path, const QString& text);
std::optional<filter::NodePath> nodePath(const QMimeData* data);

} // namespace atlas::gui::mime
