// SPDX-License-Identifier: Apache-2.0
// HeldRegisters: what nf_tables' registers hold while a rule's expressions are gone through.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "rules/rule_set.h"

namespace tna {

inline constexpr std::size_t kRegisterBytes = 4;

inline std::size_t registers_for(std::size_t bytes) {
  return (bytes + kRegisterBytes - 1) / kRegisterBytes;
}

// Registers are given by the numbers that the kernel lists, NFT_REG_* or NFT_REG32_*.
class HeldRegisters {
 public:
  void clear() { held_.clear(); }
  void hold(std::uint32_t number, Operand);
  void hold(std::uint32_t number, Octets constant);
  // It has been changed: registers have what it was before.
  void forget(Field);

  // What is there, of that length; nothing where it isn't known.
  std::optional<Operand> operand(std::uint32_t number, std::size_t length) const;
  const Octets* constant(std::uint32_t number, std::size_t length) const;
  // One after the other from there on, as long as they are known.
  std::vector<Operand> operands(std::uint32_t number) const;

 private:
  struct Held {
    std::uint32_t index;  // of the first register
    std::size_t end;      // behind the last one
    std::variant<Operand, Octets> what;
  };
  void write(std::uint32_t index, std::size_t bytes, std::variant<Operand, Octets> what);
  template <typename T>
  const T* find(std::uint32_t index) const;

  std::vector<Held> held_;  // few: a rule goes on from what it loaded last
};

}  // namespace tna
