// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "model/ingest/platform/assetkind.h"

namespace atlas::ingest {

/// Names and types of `count` rare attributes of a tenant: fault codes, raw bus signals, diagnostics,
/// leftovers of old firmware. None is in `taken`, no two are equal.
std::vector<AttributeSpec> makeRareAttributes(std::string_view theme, int count, std::uint64_t seed,
                                              const std::vector<AttributeSpec>& taken);

/// A believable value of the rare attribute at place `attribute`.
void writeRareValue(const AttributeSpec& spec, int attribute, Random& random, std::int64_t time,
                    std::int64_t baseTime, AssetWriter& writer);

} // namespace atlas::ingest
