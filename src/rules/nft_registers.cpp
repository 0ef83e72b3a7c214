// SPDX-License-Identifier: Apache-2.0
#include "rules/nft_registers.h"

#include <linux/netfilter/nf_tables.h>

#include <utility>

namespace tna {
namespace {

// Registers of 16 bytes lie over four of 4.
std::uint32_t register_index(std::uint32_t number) {
  return number >= NFT_REG32_00 ? number - NFT_REG32_00 : (number - NFT_REG_1) * 4;
}

}  // namespace

// What is written to a register ends what was in it, and in all that it reaches into.
void HeldRegisters::write(std::uint32_t index, std::size_t bytes,
                          std::variant<Operand, Octets> what) {
  const std::size_t end = index + registers_for(bytes);
  std::erase_if(held_, [&](const Held& each) { return each.index < end && index < each.end; });
  held_.push_back({index, end, std::move(what)});
}

void HeldRegisters::hold(std::uint32_t number, Operand operand) {
  const std::size_t bytes = operand.length;
  write(register_index(number), bytes, std::move(operand));
}

void HeldRegisters::hold(std::uint32_t number, Octets constant) {
  const std::size_t bytes = constant.size();
  write(register_index(number), bytes, std::move(constant));
}

void HeldRegisters::forget(Field field) {
  std::erase_if(held_, [&](const Held& each) {
    const auto* operand = std::get_if<Operand>(&each.what);
    return operand && operand->field == field;
  });
}

template <typename T>
const T* HeldRegisters::find(std::uint32_t index) const {
  for (const Held& each : held_)
    if (each.index == index) return std::get_if<T>(&each.what);
  return nullptr;
}

std::optional<Operand> HeldRegisters::operand(std::uint32_t number, std::size_t length) const {
  const Operand* found = find<Operand>(register_index(number));
  if (!found || !length) return std::nullopt;
  if (found->length == length) return *found;
  if (found->length < length || !found->then.empty()) return std::nullopt;
  Operand operand = *found;
  operand.length = static_cast<std::uint8_t>(length);  // the beginning of a longer one
  return operand;
}

const Octets* HeldRegisters::constant(std::uint32_t number, std::size_t length) const {
  const Octets* found = find<Octets>(register_index(number));
  return found && found->size() == length ? found : nullptr;
}

std::vector<Operand> HeldRegisters::operands(std::uint32_t number) const {
  std::vector<Operand> found;
  std::uint32_t index = register_index(number);
  while (const Operand* part = find<Operand>(index)) {
    index += registers_for(part->length);
    found.push_back(*part);
  }
  return found;
}

}  // namespace tna
