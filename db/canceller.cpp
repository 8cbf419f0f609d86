// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/canceller.h"

#include <libpq-fe.h>

#include <array>
#include <atomic>
#include <thread>

namespace atlas::db {

namespace {
std::atomic<int> helpers{0};
constexpr int MostHelpers = 32;
} // namespace

bool cancelInBackground(std::unique_ptr<pg_cancel, void (*)(pg_cancel*)> cancel,
                        std::function<void(bool sent)> done)
{
    if (helpers.fetch_add(1) >= MostHelpers) {
        --helpers;
        return false;
    }
    std::thread([cancel = std::move(cancel), done = std::move(done)]() mutable {
        std::array<char, 256> message{};
        const bool sent = PQcancel(cancel.get(), message.data(), int(message.size())) == 1;
        cancel.reset();
        --helpers;
        done(sent);
    }).detach();
    return true;
}

} // namespace atlas::db
