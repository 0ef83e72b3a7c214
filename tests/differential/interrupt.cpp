// SPDX-License-Identifier: Apache-2.0
// interrupt.cpp: remembers that a signal came.
#include "interrupt.h"

#include <signal.h>

namespace tna::differential {
namespace {

volatile sig_atomic_t seen = 0;
void remember(int) {
  seen = 1;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;  // system calls of a world being removed are not to fail
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
  return seen != 0;
}

}  // namespace tna::differential
