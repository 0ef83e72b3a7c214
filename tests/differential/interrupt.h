// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM end a run in order: the worlds are removed on the way out.
#pragma once

namespace tna::differential {

void catch_interrupts();
bool interrupted();

}  // namespace tna::differential
