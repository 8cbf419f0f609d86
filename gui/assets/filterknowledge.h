// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <functional>
#include <vector>

#include "model/catalog/attributecatalog.h"
#include "model/filter/estimate.h"
#include "model/filter/expression.h"

namespace atlas::gui {

/// What the widgets of a filter know of attributes: types, hot or cold, rows expected, values to suggest. No
/// I/O of its own: whoever has a connection lends two functions.
class FilterKnowledge : public QObject
{
    Q_OBJECT
public:
    using Values = std::vector<AttributeDetail::Top>;
    /// Values that begin with or contain the text, most common first. May answer late or never.
    using Suggest = std::function<void(int attributeId, ValueType type, const QString& text,
                                       QObject* receiver, std::function<void(const Values&)> done)>;
    /// Fetches top values and histograms; detailsChanged() follows where they were not there.
    using FetchDetails = std::function<void(const QList<int>& attributeIds)>;

    explicit FilterKnowledge(QObject* parent = nullptr);

    void setCatalog(const AttributeCatalog& catalog);
    const AttributeCatalog& catalog() const { return m_catalog; }
    void setSources(Suggest suggest, FetchDetails fetchDetails);

    struct Facts
    {
        bool known = true; ///< the attribute is in the catalogue, or it is a field of the asset
        bool hot = false;
        double expected = 0;
        bool measured = false;
        filter::Bounds bounds; ///< what `expected` may be wrong by
        QString problem;       ///< why it cannot be asked; empty when it can
    };
    Facts facts(const filter::Clause& clause) const;
    /// Expected assets for which the whole filter is true; nullopt before anything is known of the tenant.
    std::optional<double> expected(const filter::Expression& filter) const;
    /// What that may be wrong by; nullopt like it.
    std::optional<filter::Bounds> bounds(const filter::Expression& filter) const;
    /// String where the attribute is not known.
    ValueType typeOf(const filter::Subject& subject) const;
    const Attribute* attribute(const filter::Subject& subject) const;
    void suggest(const filter::Subject& subject, const QString& text, QObject* receiver,
                 std::function<void(const Values&)> done) const;
    void fetchDetails(const filter::Subject& subject) const;

Q_SIGNALS:
    /// Other attributes, or more is known of them.
    void changed();

private:
    AttributeCatalog m_catalog;
    Suggest m_suggest;
    FetchDetails m_fetchDetails;
};

} // namespace atlas::gui
