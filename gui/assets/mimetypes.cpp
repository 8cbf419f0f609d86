// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/mimetypes.h"

#include <QStringList>

#include "db/utf8.h"

namespace atlas::gui::mime {

QMimeData* ofAttribute(const QString& name)
{
    auto* data = new QMimeData;
    data->setData(QLatin1String(attribute), name.toUtf8());
    data->setText(name);
    return data;
}

std::optional<QString> attributeName(const QMimeData* data)
{
    if (!data || !data->hasFormat(QLatin1String(attribute)))
        return std::nullopt;
    return db::textOf(data->data(QLatin1String(attribute)));
}

QMimeData* ofNode(const filter::NodePath& path, const QString& text)
{
    QByteArrayList steps;
    for (const int step : path)
        steps.append(QByteArray::number(step));
    auto* data = new QMimeData;
    data->setData(QLatin1String(node), steps.join('/'));
    data->setText(text);
    return data;
}

std::optional<filter::NodePath> nodePath(const QMimeData* data)
{
    if (!data || !data->hasFormat(QLatin1String(node)))
        return std::nullopt;
    filter::NodePath path;
    for (const QByteArray& step : data->data(QLatin1String(node)).split('/')) {
        bool ok = false;
        path.append(step.toInt(&ok));
        if (!ok || path.last() < 0)
            return std::nullopt;
    }
    return path;
}

} // namespace atlas::gui::mime
