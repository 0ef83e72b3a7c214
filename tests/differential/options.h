// SPDX-License-Identifier: Apache-2.0
// Options: what makes the second world different from the first.
#pragma once

#include <string>
#include <vector>

namespace tna::differential {

struct Options {
  std::string build;                  // where tnad and tna are; empty: both worlds are plain Linux
  std::string hook = "auto";          // auto, xdp or tc
  std::string objects;                // folder of BPF objects instead of the built-in ones
  std::vector<std::string> sabotage;  // commands for the second world alone, for the self-test
  std::string name;                   // prefix of the namespaces
};

}  // namespace tna::differential
