// SPDX-License-Identifier: Apache-2.0
// TOML files as plain values with their line numbers, and a reader that turns a table into a
// struct. Every error names file, line and key.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/result.h"

namespace tna {

struct TomlEntry;
struct TomlValue;
using TomlArray = std::vector<TomlValue>;
using TomlTable = std::vector<TomlEntry>;  // in the order of the keys

struct TomlValue {
  std::variant<bool, std::int64_t, double, std::string, TomlArray, TomlTable> value;
  unsigned line = 0;
};

struct TomlEntry {
  std::string key;
  TomlValue value;
};

Result<TomlTable> parse_toml(std::string_view text, const std::string& file);
Result<std::string> read_file(const std::string& path);

// Where a table was written, for errors that are found after it was read.
struct Origin {
  std::string file;
  std::string table;  // "blocker", "interface.eth0"; empty: the file's top
  unsigned line = 0;
  std::map<std::string, unsigned> keys;

  // "FILE:LINE: TABLE.KEY: message"; the table's line where it has no such key, no key: the table.
  std::unexpected<Error> error(const std::string& key, const std::string& message) const;
};

// Takes the keys of a table one by one; the first thing that is wrong is the error of done().
class TomlReader {
 public:
  TomlReader(const TomlTable& table, std::string file, std::string name, unsigned line);

  // An absent key leaves the target as it is.
  template <typename T>
  TomlReader& optional(const std::string& key, T& target) {
    if (const TomlValue* value = take(key)) read(key, *value, target);
    return *this;
  }
  template <typename T>
  TomlReader& required(const std::string& key, T& target) {
    if (!has(key)) fail(key, "is missing");
    return optional(key, target);
  }
  // A number within [lowest, highest].
  TomlReader& number(const std::string& key, std::int64_t& target, std::int64_t lowest,
                     std::int64_t highest);

  bool has(const std::string& key) const;
  const TomlValue* take(const std::string& key);  // the raw value, nullptr where absent
  void fail(const std::string& key, const std::string& message);

  // Keys that nobody took are unknown ones.
  Result<> done() const;
  const Origin& origin() const { return origin_; }

 private:
  void read(const std::string& key, const TomlValue&, bool&);
  void read(const std::string& key, const TomlValue&, std::string&);
  void read(const std::string& key, const TomlValue&, std::vector<std::string>&);
  template <typename T>
  requires std::is_integral_v<T>
  void read(const std::string& key, const TomlValue& value, T& target) {
    std::int64_t number = target;
    read_number(key, value, number, std::numeric_limits<T>::min(),
                static_cast<std::int64_t>(std::numeric_limits<T>::max()));
    target = static_cast<T>(number);
  }
  void read_number(const std::string& key, const TomlValue&, std::int64_t& target,
                   std::int64_t lowest, std::int64_t highest);

  const TomlTable& table_;
  Origin origin_;
  std::set<std::string> taken_;
  Result<> result_;
};

}  // namespace tna
