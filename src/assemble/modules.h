// SPDX-License-Identifier: Apache-2.0
// The fast path's modules, one row each, in the order of the spine (bpf/pipeline.h).
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "slot_abi.h"
#include "tna.h"

namespace tna {

enum class Module {
#define TNA_MODULE_ENUM(name) name,
  TNA_MODULES(TNA_MODULE_ENUM)
#undef TNA_MODULE_ENUM
      count,
};

struct ModuleTraits {
  Module module;
  const char* name;                   // as in knowledge/*.toml and bpf/fpm/NAME.h
  std::uint8_t tna_const::*constant;  // what switches it on; several may share one. The planner
                                      // switches families of IP, connections and rules on itself.
};

// clang-format off
inline constexpr ModuleTraits kModules[] = {
    {Module::guards,         "guards",         nullptr},
    {Module::parse_l2,       "parse_l2",       nullptr},
    {Module::bridge_ingress, "bridge_ingress", &tna_const::bridge},
    {Module::vlan_ingress,   "vlan_ingress",   &tna_const::vlan},
    {Module::suppress,       "suppress",       &tna_const::suppress},
    {Module::learning,       "learning",       &tna_const::bridge},
    {Module::fdb,            "fdb",            &tna_const::bridge},
    {Module::vlan_egress,    "vlan_egress",    &tna_const::vlan},
    {Module::bridge_forward, "bridge_forward", &tna_const::bridge},
    {Module::bridge_nf,      "bridge_nf",      &tna_const::bridge_nf4},
    {Module::bridge_up,      "bridge_up",      &tna_const::bridge_up},
    {Module::vlan_up,        "vlan_up",        &tna_const::vlan_up},
    {Module::route_ingress,  "route_ingress",  nullptr},
    {Module::parse_l3,       "parse_l3",       nullptr},
    {Module::xsk,            "xsk",            &tna_const::apps},
    {Module::conntrack,      "conntrack",      nullptr},
    {Module::fib,            "fib",            nullptr},
    {Module::route_forward,  "route_forward",  nullptr},
    {Module::rules,          "rules",          nullptr},
    {Module::nat,            "nat",            &tna_const::nat},
    {Module::vlan_xmit,      "vlan_xmit",      &tna_const::vlan_xmit},
    {Module::bridge_xmit,    "bridge_xmit",    &tna_const::bridge_xmit},
};
// clang-format on
static_assert(std::size(kModules) == static_cast<std::size_t>(Module::count),
              "every module has a row");
static_assert(
    [] {
      for (std::size_t i = 0; i < std::size(kModules); i++)
        if (kModules[i].module != static_cast<Module>(i)) return false;
      return true;
    }(),
    "rows stand in the order of the enumeration");

constexpr const ModuleTraits& traits(Module module) {
  return kModules[static_cast<std::size_t>(module)];
}

constexpr std::optional<Module> module_named(std::string_view name) {
  for (const ModuleTraits& row : kModules)
    if (row.name == name) return row.module;
  return std::nullopt;
}

}  // namespace tna
