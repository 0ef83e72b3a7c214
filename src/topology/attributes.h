// SPDX-License-Identifier: Apache-2.0
// A link's attributes by name: those of the tables below, and those that knowledge/*.toml names.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "topology/knowledge.h"
#include "topology/store.h"

namespace tna {

using Attributes = std::map<std::string, AttributeValue>;

// What every link has, whatever its kind: the value as of the store.
struct CommonAttribute {
  std::string_view name;
  AttributeValue (*value)(const Store&, const Link&);
  bool text = false;
};
std::span<const CommonAttribute> common_attributes();

// Empty texts are left out, and so are attributes that change by themselves or can't be decoded.
Attributes attributes_of(const Store&, const Link&, const Knowledge&);

// Attributes without a row that are not 0, of kinds whose other attributes have rows: "bridge 51".
std::vector<std::string> unknown_attributes(const Link&, const Knowledge&);

// "192.0.2.1/24"
std::string to_string(const Address&);

}  // namespace tna
