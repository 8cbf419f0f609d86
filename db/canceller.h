// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>

struct pg_cancel;

namespace atlas::db {

/// Sends a cancel request on a thread of its own: PQcancel of libpq 15 blocks in connect() and until the
/// server hangs up, for as long as a stopped server likes. The thread belongs to nobody and `done` (called on
/// it) must only hold what may outlive everything else. With libpq 15 the request travels without TLS even
/// where the connection has it; it holds no more than a process id and a key good for this one purpose.
/// False, without calling `done`, when too many earlier ones still hang.
bool cancelInBackground(std::unique_ptr<pg_cancel, void (*)(pg_cancel*)> cancel,
                        std::function<void(bool sent)> done);

} // namespace atlas::db
