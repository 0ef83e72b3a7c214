// SPDX-License-Identifier: Apache-2.0
// CodeSize: how large a function has become, to those who run it and to the verifier, and how much
// of it may still be written.
#pragma once

#include <bit>
#include <cstddef>

#include "compile/code.h"

namespace tna {

class CodeSize {
 public:
  explicit CodeSize(const Code& code) : code_(code) {}
  CodeSize(const CodeSize&) = delete;
  CodeSize& operator=(const CodeSize&) = delete;

  std::size_t later = 0;           // instructions of the ways back to callers
  std::size_t again = 0;           // instructions that the verifier sees again
  std::ptrdiff_t more_on_way = 0;  // branches of those, less those that are never on one way
  std::size_t longest = 0;         // way up to now
  std::size_t finds = 0;           // searches in trees
  int in_calls = 0;                // the code being written is of a chain that is called

  // Branches that there may be on one way from the function's beginning to here.
  std::size_t on_way() const {
    return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(code_.branches()) + more_on_way);
  }
  std::size_t seen_by_verifier() const { return code_.size() + again; }
  bool has_room() const { return size() <= most_ && on_way() <= kMostBranches; }
  // For a chain that is there to be called once more.
  bool has_room_again(std::size_t weight, std::size_t branches) const {
    return again + weight <= kMostAgain && on_way() + branches <= kMostBranches;
  }

  // What `write` writes gets that part of the room there is, in eighths: others need some, too.
  template <typename Write>
  void within(std::size_t eighths, Write write) {
    const std::size_t most = most_;
    if (size() < most) most_ = size() + (most - size()) / 8 * eighths;
    write();
    most_ = most;
  }

  // What `write` writes is a search among so many: most of its branches are never on one way.
  template <typename Write>
  void search(std::size_t among, Write write) {
    const std::size_t before = code_.branches();
    write();
    if (!among) return;
    const std::size_t branches = code_.branches() - before;
    more_on_way -= static_cast<std::ptrdiff_t>(branches - branches / among * std::bit_width(among));
  }

 private:
  static constexpr std::size_t kMostCode = 28000;  // jumps reach 32,767 instructions
  // The verifier goes through a chain again for each place that calls it.
  static constexpr std::size_t kMostAgain = 60000;
  // On one way through the code the verifier takes up to 8192 jumps, those of the spine among them
  // (BPF_COMPLEXITY_LIMIT_JMP_SEQ).
  static constexpr std::size_t kMostBranches = 6500;

  std::size_t size() const { return code_.size() + later; }

  const Code& code_;
  std::size_t most_ = kMostCode;  // up to which may be written now
};

}  // namespace tna
