// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace atlas::gui {

/// The whole program: options, theme, window, tour. Returns the exit status.
int runApplication(int& argc, char** argv);

} // namespace atlas::gui
