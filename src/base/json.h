// SPDX-License-Identifier: Apache-2.0
// Reading JSON that somebody else wrote, without exceptions: what is absent or of another type
// reads as the fallback.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace tna {

using Json = nlohmann::json;

// The member, nullptr where `object` is no object or has none of that name.
inline const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

inline std::string text(const Json& object, const char* key, std::string fallback = {}) {
  const Json* value = find(object, key);
  return value && value->is_string() ? value->get<std::string>() : fallback;
}

inline std::uint64_t count(const Json& object, const char* key) {
  const Json* value = find(object, key);
  return value && value->is_number() ? value->get<std::uint64_t>() : 0;
}

inline double number(const Json& object, const char* key) {
  const Json* value = find(object, key);
  return value && value->is_number() ? value->get<double>() : 0;
}

inline bool flag(const Json& object, const char* key) {
  const Json* value = find(object, key);
  return value && value->is_boolean() && value->get<bool>();
}

// The array or object to loop over, an empty one where there is none.
inline const Json& items(const Json& object, const char* key) {
  static const Json empty = Json::array();
  const Json* value = find(object, key);
  return value && value->is_structured() ? *value : empty;
}

// As text; indent < 0: in one line. Interface names need not be UTF-8: what isn't is replaced.
inline std::string dump(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tna
