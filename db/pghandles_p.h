// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <libpq-fe.h>

#include <memory>

namespace atlas::db {

struct PgFree
{
    void operator()(PGconn* conn) const { PQfinish(conn); }
    void operator()(PGresult* result) const { PQclear(result); }
    void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
    void operator()(PGnotify* notify) const { PQfreemem(notify); }
    void operator()(char* text) const { PQfreemem(text); }
};

using PgConn = std::unique_ptr<PGconn, PgFree>;
using PgResult = std::unique_ptr<PGresult, PgFree>;
using PgCancel = std::unique_ptr<PGcancel, PgFree>;
using PgOptions = std::unique_ptr<PQconninfoOption, PgFree>;
using PgNotify = std::unique_ptr<PGnotify, PgFree>;
using PgText = std::unique_ptr<char, PgFree>;

} // namespace atlas::db
