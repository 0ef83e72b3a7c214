// SPDX-License-Identifier: Apache-2.0
// Every row type has read_key (what identifies a row, so that a later file can replace or remove
// it), read_rest, and key.
#include "topology/knowledge_rows.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace tna {
namespace {

using Strings = std::vector<std::string>;

template <typename T>
struct Word {
  std::string_view word;
  T value;
};

constexpr std::array<Word<std::int64_t>, 3> kHardwareTypes{
    {{"ether", 1}, {"loopback", 772}, {"none", 65534}}};  // linux/if_arp.h

using Type = AttributeRow::Type;
constexpr std::array<Word<Type>, 10> kTypes{{{"u8", Type::u8},
                                             {"u16", Type::u16},
                                             {"u32", Type::u32},
                                             {"u64", Type::u64},
                                             {"be16", Type::be16},
                                             {"bitfield", Type::bitfield},
                                             {"text", Type::text},
                                             {"mac", Type::mac},
                                             {"bridge_id", Type::bridge_id},
                                             {"opaque", Type::opaque}}};

std::string list(const auto& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "\"" : ", \"") + std::string(word) + "\"";
  return all;
}

// The text must be one of the words.
void check_word(TomlReader& reader, const std::string& key, const std::string& text,
                std::initializer_list<std::string_view> words) {
  if (std::ranges::find(words, text) == words.end())
    reader.fail(key, "must be one of " + list(words) + ", not \"" + text + "\"");
}

template <typename T, std::size_t N>
void read_word(TomlReader& reader, const std::string& key, T& target,
               const std::array<Word<T>, N>& words) {
  std::string text;
  reader.required(key, text);
  const auto found = std::ranges::find(words, text, &Word<T>::word);
  if (found != words.end())
    target = found->value;
  else
    reader.fail(key, "unknown word \"" + text + "\"");
}

void read_texts(TomlReader& reader, const std::string& key, Strings& target) {
  const TomlValue* value = reader.take(key);
  if (value && std::holds_alternative<std::string>(value->value))
    target = {std::get<std::string>(value->value)};
  else
    reader.optional(key, target);
}

// --- conditions
// ------------------------------------------------------------------------------------

bool read_value(const TomlValue& value, std::vector<AttributeValue>& to) {
  if (auto* number = std::get_if<std::int64_t>(&value.value)) return to.push_back(*number), true;
  if (auto* text = std::get_if<std::string>(&value.value)) return to.push_back(*text), true;
  return false;
}

bool read_values(const TomlValue& value, bool several, std::vector<AttributeValue>& to) {
  if (!several) return read_value(value, to);
  const auto* array = std::get_if<TomlArray>(&value.value);
  return array && !array->empty() &&
         std::ranges::all_of(*array, [&](const TomlValue& item) { return read_value(item, to); });
}

struct Comparison {
  const char* key;
  Condition::Is is;
  bool several;
};
constexpr Comparison kComparisons[] = {{"equals", Condition::Is::one_of, false},
                                       {"in", Condition::Is::one_of, true},
                                       {"not_equals", Condition::Is::none_of, false},
                                       {"not_in", Condition::Is::none_of, true}};

void read_comparison(TomlReader& reader, Condition& condition) {
  for (const Comparison& comparison : kComparisons) {
    const TomlValue* value = reader.take(comparison.key);
    if (!value) continue;
    if (condition.attribute.empty()) reader.fail(comparison.key, "needs an attribute");
    if (!condition.values.empty()) reader.fail(comparison.key, "one comparison is enough");
    condition.is = comparison.is;
    if (!read_values(*value, comparison.several, condition.values))
      reader.fail(comparison.key, comparison.several ? "must be a list of numbers or texts"
                                                     : "must be a number or a text");
  }
}

// --- one row
// -----------------------------------------------------------------------------------------

void read_key(TomlReader& reader, NodeRow& row) {
  reader.required("kind", row.kind);
  if (reader.has("hardware_type"))
    read_word(reader, "hardware_type", row.hardware_type, kHardwareTypes);
}
void read_rest(TomlReader& reader, NodeRow& row) {
  row.type = row.kind;
  reader.optional("type", row.type).optional("hooks", row.hooks).optional("why", row.why);
  if (row.type.empty()) reader.fail("type", "is missing");
  for (const std::string& hook : row.hooks) check_word(reader, "hooks", hook, {"xdp", "tc"});
  if (!row.why.empty()) return;
  if (row.hooks.empty())
    reader.fail("why", "is missing: there are no hooks");
  else if (row.hooks.front() != "xdp")
    row.why = "XDP does not suit a device of type " + row.type;
}
Strings key(const NodeRow& row) {
  return {row.kind, std::to_string(row.hardware_type)};
}

void read_key(TomlReader& reader, AttributeRow& row) {
  reader.required("of", row.of).required("name", row.name);
  if (row.of.ends_with("-port")) row.name = "port." + row.name;
  if (row.of == "ipv4" || row.of == "ipv6") row.name = row.of + "." + row.name;
}
void read_rest(TomlReader& reader, AttributeRow& row) {
  reader.required("id", row.id).optional("changes_by_itself", row.changes_by_itself);
  read_word(reader, "type", row.type, kTypes);
  std::int64_t bit = 0;
  if (row.type == Type::bitfield && !reader.has("bit")) reader.fail("bit", "is missing");
  if (row.type != Type::bitfield && reader.has("bit")) reader.fail("bit", "is for bitfields");
  reader.number("bit", bit, 0, 31);
  row.bit = static_cast<std::uint8_t>(bit);
}
Strings key(const AttributeRow& row) {
  return {row.of, row.name};
}

void read_key(TomlReader& reader, RelationRow& row) {
  reader.required("by", row.by).optional("kind", row.kind).optional("slave_kind", row.slave_kind);
}
void read_rest(TomlReader& reader, RelationRow& row) {
  reader.required("name", row.name).optional("role", row.role).optional("stands", row.stands);
  check_word(reader, "by", row.by, {"master", "lower"});
  check_word(reader, "stands", row.stands, {"above", "below", "beside"});
}
Strings key(const RelationRow& row) {
  return {row.by, row.kind, row.slave_kind};
}

void read_key(TomlReader& reader, ImpliesRow& row) {
  reader.required("on", row.on).required("service", row.service);
  reader.optional("incoming", row.incoming).optional("from", row.from);
  read_texts(reader, "with", row.with);
}
void read_rest(TomlReader& reader, ImpliesRow& row) {
  read_texts(reader, "not_on", row.not_on);
  reader.required("because", row.because);
}
Strings key(const ImpliesRow& row) {
  Strings all{row.on, row.service, row.incoming, row.from};
  all.insert(all.end(), row.with.begin(), row.with.end());
  return all;
}

void read_key(TomlReader& reader, ModuleRow& row) {
  reader.required("service", row.service).required("module", row.module);
  reader.optional("attribute", row.when.attribute);
}
void read_rest(TomlReader& reader, ModuleRow& row) {
  reader.required("order", row.order).required("because", row.because);
  reader.optional("of", row.of).optional("any", row.any).optional("fact", row.fact);
  read_comparison(reader, row.when);
  if (reader.has("fact"))
    check_word(
        reader, "fact", row.fact,
        {"br_netfilter", "routed_bridge", "routed_vlans", "vlans_to_leave_by", "application"});
  for (const char* relation : {"of", "any"})
    if (reader.has(relation) && row.when.attribute.empty())
      reader.fail(relation, "needs an attribute");
  if (reader.has("of") && reader.has("any")) reader.fail("any", "does not go with \"of\"");
}
Strings key(const ModuleRow& row) {
  return {row.service, row.module, row.when.attribute};
}

void read_key(TomlReader& reader, BlockerRow& row) {
  reader.required("on", row.on).required("name", row.name);
}
void read_rest(TomlReader& reader, BlockerRow& row) {
  reader.required("reason", row.reason).optional("attribute", row.when.attribute);
  reader.optional("incoming", row.incoming).optional("from", row.from);
  reader.optional("unknown_attribute", row.unknown_attribute).optional("reach", row.reach);
  read_comparison(reader, row.when);
  if (reader.has("from") && row.incoming.empty()) reader.fail("from", "needs incoming");
  if (row.when.attribute.empty() && row.incoming.empty() && !row.unknown_attribute)
    reader.fail("attribute", "is missing; or give incoming or unknown_attribute");
}
Strings key(const BlockerRow& row) {
  return {row.on, row.name};
}

// --- all rows of a table in a file
// ----------------------------------------------------------------

template <typename Row>
Result<> read_row(TomlReader& reader, std::vector<Row>& rows, std::map<Strings, unsigned>& seen) {
  Row row;
  bool remove = false;
  read_key(reader, row);
  reader.optional("remove", remove);
  if (!remove) read_rest(reader, row);
  TRY(reader.done());
  row.origin = reader.origin();
  const auto [before, added] = seen.try_emplace(key(row), row.origin.line);
  if (!added)
    return row.origin.error("",
                            "says the same as the row in line " + std::to_string(before->second));
  const auto old = std::ranges::find(rows, key(row), [](const Row& r) { return key(r); });
  if (remove && old == rows.end()) return row.origin.error("remove", "there is no such row");
  if (remove)
    rows.erase(old);
  else if (old != rows.end())
    *old = std::move(row);
  else
    rows.push_back(std::move(row));
  return {};
}

template <typename Row>
Result<> read_rows(const TomlEntry& entry, const std::string& file, std::vector<Row>& rows) {
  const auto* array = std::get_if<TomlArray>(&entry.value.value);
  const Origin origin{file, entry.key, entry.value.line, {}};
  if (!array) return origin.error("", "must be rows [[" + entry.key + "]]");
  std::map<Strings, unsigned> seen;
  for (const TomlValue& item : *array) {
    const auto* table = std::get_if<TomlTable>(&item.value);
    if (!table) return origin.error("", "must be rows [[" + entry.key + "]]");
    TomlReader reader(*table, file, entry.key, item.line);
    TRY(read_row(reader, rows, seen));
  }
  return {};
}

}  // namespace

Result<> read_table(const TomlEntry& entry, const std::string& file, KnowledgeRows& rows) {
  if (entry.key == "node") return read_rows(entry, file, rows.nodes);
  if (entry.key == "attribute") return read_rows(entry, file, rows.attributes);
  if (entry.key == "relation") return read_rows(entry, file, rows.relations);
  if (entry.key == "implies") return read_rows(entry, file, rows.implies);
  if (entry.key == "module") return read_rows(entry, file, rows.modules);
  if (entry.key == "blocker") return read_rows(entry, file, rows.blockers);
  if (entry.key == "note") return read_rows(entry, file, rows.notes);
  return Origin{file, entry.key, entry.value.line, {}}.error("", "unknown table");
}

}  // namespace tna
