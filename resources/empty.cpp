// SPDX-License-Identifier: GPL-3.0-or-later
// The library holds only resources; a target needs one source.
