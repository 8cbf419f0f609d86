// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/assets/filterknowledge.h"

#include "model/filter/estimate.h"
#include "model/filter/validate.h"

namespace atlas::gui {

FilterKnowledge::FilterKnowledge(QObject* parent)
    : QObject(parent)
{
}

void FilterKnowledge::setCatalog(const AttributeCatalog& catalog)
{
    m_catalog = catalog;
    Q_EMIT changed();
}

void FilterKnowledge::setSources(Suggest suggest, FetchDetails fetchDetails)
{
    m_suggest = std::move(suggest);
    m_fetchDetails = std::move(fetchDetails);
}

const Attribute* FilterKnowledge::attribute(const filter::Subject& subject) const
{
    return subject.isAttribute() ? m_catalog.findName(subject.attribute) : nullptr;
}

ValueType FilterKnowledge::typeOf(const filter::Subject& subject) const
{
    const Attribute* found = attribute(subject);
    return found ? found->type : ValueType::String;
}

FilterKnowledge::Facts FilterKnowledge::facts(const filter::Clause& clause) const
{
    Facts facts;
    if (m_catalog.size() == 0)
        return facts; // nothing is known yet; that is no problem of the clause
    const Attribute* found = attribute(clause.subject);
    facts.known = found || !clause.subject.isAttribute();
    facts.hot = found && found->state == HotState::Hot;
    const filter::Expression alone{filter::Node(clause)};
    const QList<filter::Problem> problems = filter::validate(alone, m_catalog, true);
    if (!problems.isEmpty()) {
        facts.problem = problems.first().message;
        return facts;
    }
    const filter::StatsEstimator estimator(m_catalog);
    const filter::Estimate estimate = estimator.clause(clause);
    facts.expected = estimate.entities;
    facts.measured = estimate.measured;
    filter::Clause on = clause;
    on.enabled = true; // as the estimate: what it would find
    facts.bounds = filter::bounds(filter::Expression{filter::Node(on)}, m_catalog);
    return facts;
}

std::optional<double> FilterKnowledge::expected(const filter::Expression& filter) const
{
    if (m_catalog.size() == 0 || m_catalog.entitiesTotal() <= 0)
        return std::nullopt;
    if (filter.matchesEverything())
        return m_catalog.entitiesTotal();
    if (!filter::validate(filter, m_catalog).isEmpty())
        return std::nullopt;
    const filter::StatsEstimator estimator(m_catalog);
    return filter::estimate(filter, estimator).entities;
}

std::optional<filter::Bounds> FilterKnowledge::bounds(const filter::Expression& filter) const
{
    return expected(filter) ? std::optional(filter::bounds(filter, m_catalog)) : std::nullopt;
}

void FilterKnowledge::suggest(const filter::Subject& subject, const QString& text, QObject* receiver,
                              std::function<void(const Values&)> done) const
{
    const Attribute* found = attribute(subject);
    if (found && m_suggest)
        m_suggest(found->id, found->type, text, receiver, std::move(done));
}

void FilterKnowledge::fetchDetails(const filter::Subject& subject) const
{
    const Attribute* found = attribute(subject);
    if (found && m_fetchDetails)
        m_fetchDetails({found->id});
}

} // namespace atlas::gui
