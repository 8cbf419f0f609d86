// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>

#include <optional>
#include <vector>

#include "model/filter/catalog.h"
#include "model/filter/estimate.h"
#include "model/filter/expression.h"

namespace atlas::filter {

/// A filter as the planner sees it: only what is enabled, groups of one kind flattened, missing and none-of
/// as negations, clauses on one attribute together, each with what is expected of it.
struct Predicate
{
    enum class Kind { Always = 1, Never, Values, Field, Hot, All, Any, Not };
    Kind kind = Kind::Always;
    QList<Clause> clauses;   ///< Values and Field: all of them on one attribute or one field, all must hold
    AttributeInfo attribute; ///< Values
    std::vector<Predicate> children; ///< All, Any; Not has one; Hot: the equalities that are folded (Values)
    double rows = 0;                 ///< entities expected
    double scanned = 0;              ///< index entries read to enumerate it
    bool measured = true;

    /// True when there is an index (or a union of such) that delivers exactly these entities.
    bool isEnumerable() const;
    /// True when its index delivers them in entity order.
    bool isOrdered() const;
    /// One equality that a containment in the hot document expresses.
    bool isHotEquality() const;
    QString text() const;
    /// The filter that it stands for; nullopt for Never.
    std::optional<Node> node() const;
};

/// `total` is the number of entities of the tenant. The expression must be valid.
Predicate toPredicate(const Expression& expression, const CatalogLookup& catalog, const Estimator& estimator);
/// All of the given ones, folded into one source in the hot projection.
Predicate hotPredicate(std::vector<Predicate> equalities, double total);
/// A predicate of several, simplified. Needs the total for what is expected.
Predicate allOf(std::vector<Predicate> parts, double total);
Predicate anyOf(std::vector<Predicate> parts, double total);
Predicate negation(Predicate part, double total);

} // namespace atlas::filter
