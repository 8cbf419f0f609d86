// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/pressure.h"

#include <algorithm>

#include "model/statements.h"

namespace atlas::ingest {

namespace {

const RegisteredStatement pressureSql{"ingest.pressure", "Whether writers should slow down, and why",
                                      "select atlas.write_pressure()"};

} // namespace

db::Result<QString> writePressure(db::BlockingSession& session)
{
    const auto rows = session.exec(pressureSql());
    if (!rows)
        return rows.error();
    return rows->string(0, 0);
}

std::chrono::milliseconds Pacer::next(bool pressed)
{
    m_wait = !pressed ? std::chrono::milliseconds(0) : std::clamp(m_wait * 2, shortest, longest);
    return m_wait;
}

BatchSizer::BatchSizer(std::chrono::milliseconds wanted, std::int64_t smallest, std::int64_t largest,
                       std::int64_t first)
    : m_wanted(wanted)
    , m_smallest(smallest)
    , m_largest(largest)
    , m_rows(std::clamp(first, smallest, largest))
{
}

void BatchSizer::took(std::int64_t rows, std::chrono::milliseconds time)
{
    if (time > m_wanted)
        m_rows = std::max(m_smallest, std::min(rows, m_rows) / 2);
    else if (time < m_wanted / 2 && rows >= m_rows * 3 / 4)
        m_rows = std::min(m_largest, m_rows + m_rows / 2);
}

} // namespace atlas::ingest
