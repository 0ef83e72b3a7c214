// SPDX-License-Identifier: Apache-2.0
#include "base/toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace tna {
namespace {

using std::to_string;

Result<TomlValue> convert(const toml::node& node, const Origin& origin, const std::string& key);

Result<TomlTable> convert_table(const toml::table& table, Origin origin) {
  TomlTable result;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    origin.keys[name] = key.source().begin.line;
    result.push_back({name, TRY(convert(node, origin, name))});
  }
  return result;
}

Result<TomlArray> convert_array(const toml::array& array, const Origin& origin,
                                const std::string& key) {
  TomlArray result;
  for (const toml::node& node : array) result.push_back(TRY(convert(node, origin, key)));
  return result;
}

Result<TomlValue> convert(const toml::node& node, const Origin& origin, const std::string& key) {
  TomlValue result;
  result.line = node.source().begin.line;
  if (auto flag = node.as_boolean()) return result.value = flag->get(), result;
  if (auto number = node.as_integer()) return result.value = number->get(), result;
  if (auto number = node.as_floating_point()) return result.value = number->get(), result;
  if (auto text = node.as_string()) return result.value = text->get(), result;
  if (auto array = node.as_array()) {
    result.value = TRY(convert_array(*array, origin, key));
    return result;
  }
  if (auto table = node.as_table()) {
    const std::string name = origin.table.empty() ? key : origin.table + "." + key;
    result.value = TRY(convert_table(*table, Origin{origin.file, name, result.line, {}}));
    return result;
  }
  return origin.error(key, "dates and times are not used here");
}

}  // namespace

Result<TomlTable> parse_toml(std::string_view text, const std::string& file) try {
  return convert_table(toml::parse(text, file), Origin{file, "", 1, {}});
} catch (const toml::parse_error& problem) {  // the library's only way to say so
  return error(file + ":" + to_string(problem.source().begin.line) + ": " +
               std::string(problem.description()));
}

Result<std::string> read_file(const std::string& path) {
  errno = 0;
  std::ifstream stream(path);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf() || stream.peek() == EOF) || stream.bad())
    return errno_error("read " + path, errno ? errno : EIO);
  return text.str();
}

std::unexpected<Error> Origin::error(const std::string& key, const std::string& message) const {
  const auto found = keys.find(key);
  const unsigned at = found == keys.end() ? line : found->second;
  const std::string dot = table.empty() || key.empty() ? "" : ".";
  return tna::error(file + ":" + to_string(at) + ": " + table + dot + key + ": " + message);
}

TomlReader::TomlReader(const TomlTable& table, std::string file, std::string name, unsigned line)
    : table_(table), origin_{std::move(file), std::move(name), line, {}} {
  for (const TomlEntry& entry : table) origin_.keys[entry.key] = entry.value.line;
}

bool TomlReader::has(const std::string& key) const {
  return origin_.keys.contains(key);
}

const TomlValue* TomlReader::take(const std::string& key) {
  taken_.insert(key);
  const auto found = std::ranges::find(table_, key, &TomlEntry::key);
  return found == table_.end() ? nullptr : &found->value;
}

void TomlReader::fail(const std::string& key, const std::string& message) {
  if (result_) result_ = origin_.error(key, message);
}

TomlReader& TomlReader::number(const std::string& key, std::int64_t& target, std::int64_t lowest,
                               std::int64_t highest) {
  if (const TomlValue* value = take(key)) read_number(key, *value, target, lowest, highest);
  return *this;
}

void TomlReader::read(const std::string& key, const TomlValue& value, bool& target) {
  if (auto* flag = std::get_if<bool>(&value.value))
    target = *flag;
  else
    fail(key, "must be true or false");
}

void TomlReader::read(const std::string& key, const TomlValue& value, std::string& target) {
  if (auto* text = std::get_if<std::string>(&value.value))
    target = *text;
  else
    fail(key, "must be a text in quotes");
}

void TomlReader::read(const std::string& key, const TomlValue& value,
                      std::vector<std::string>& target) {
  const auto* array = std::get_if<TomlArray>(&value.value);
  if (!array) return fail(key, "must be a list of texts");
  std::vector<std::string> texts;
  for (const TomlValue& item : *array) {
    const auto* text = std::get_if<std::string>(&item.value);
    if (!text) return fail(key, "must be a list of texts");
    texts.push_back(*text);
  }
  target = std::move(texts);
}

void TomlReader::read_number(const std::string& key, const TomlValue& value, std::int64_t& target,
                             std::int64_t lowest, std::int64_t highest) {
  const auto* number = std::get_if<std::int64_t>(&value.value);
  if (!number) return fail(key, "must be a whole number");
  if (*number < lowest || *number > highest)
    return fail(key, "must be from " + to_string(lowest) + " to " + to_string(highest));
  target = *number;
}

Result<> TomlReader::done() const {
  for (const TomlEntry& entry : table_)  // first: a misspelt key is missing too
    if (!taken_.contains(entry.key)) return origin_.error(entry.key, "unknown key");
  return result_;
}

}  // namespace tna
