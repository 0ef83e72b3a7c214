// SPDX-License-Identifier: Apache-2.0
#include "base/config.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/toml.h"

namespace tna {
namespace {

struct HookName {
  HookChoice hook;
  std::string_view name;
};
constexpr std::array<HookName, 4> kHookNames{{
    {HookChoice::automatic, "auto"},
    {HookChoice::xdp, "xdp"},
    {HookChoice::tc, "tc"},
    {HookChoice::none, "none"},
}};

void read_hook(TomlReader& reader, HookChoice& target) {
  std::string text = to_string(target);
  reader.optional("hook", text);
  if (auto hook = parse_hook_choice(text))
    target = *hook;
  else
    reader.fail("hook", "must be \"auto\", \"xdp\", \"tc\" or \"none\", not \"" + text + "\"");
}

void read_counted(TomlReader& reader, bool& fast) {
  std::string text = fast ? "fast" : "linux";
  reader.optional("counted_connections", text);
  fast = text == "fast";
  if (!fast && text != "linux")
    reader.fail("counted_connections", "must be \"linux\" or \"fast\", not \"" + text + "\"");
}

// As net/core/dev.c:dev_valid_name.
bool valid_interface_name(const std::string& name) {
  return !name.empty() && name.size() < 16 && name != "." && name != ".." &&
         std::ranges::none_of(
             name, [](unsigned char c) { return c == '/' || c == ':' || std::isspace(c); });
}

Result<> read_interfaces(TomlReader& top, Config& config) {
  const TomlValue* value = top.take("interface");
  if (!value) return {};
  const auto* interfaces = std::get_if<TomlTable>(&value->value);
  if (!interfaces) return top.origin().error("interface", "must be tables [interface.NAME]");
  for (const TomlEntry& entry : *interfaces) {
    const std::string name = "interface." + entry.key;
    const Origin origin{top.origin().file, name, entry.value.line, {}};
    if (!valid_interface_name(entry.key)) return origin.error("", "no name for an interface");
    const auto* table = std::get_if<TomlTable>(&entry.value.value);
    if (!table) return origin.error("", "must be a table [" + name + "]");
    TomlReader reader(*table, origin.file, name, origin.line);
    HookChoice hook = config.hook;
    read_hook(reader, hook);
    TRY(reader.done());
    if (reader.has("hook")) config.interface_hooks[entry.key] = hook;
  }
  return {};
}

}  // namespace

std::optional<HookChoice> parse_hook_choice(std::string_view text) {
  const auto found = std::ranges::find(kHookNames, text, &HookName::name);
  if (found == kHookNames.end()) return std::nullopt;
  return found->hook;
}

std::string to_string(HookChoice hook) {
  return std::string(std::ranges::find(kHookNames, hook, &HookName::hook)->name);
}

HookChoice Config::hook_of(const std::string& interface) const {
  const auto found = interface_hooks.find(interface);
  return found == interface_hooks.end() ? hook : found->second;
}

Result<Config> parse_config(std::string_view text, const std::string& file) {
  const TomlTable table = TRY(parse_toml(text, file));
  Config config;
  TomlReader reader(table, file, "", 1);
  read_hook(reader, config.hook);
  read_counted(reader, config.counted_fast);
  std::int64_t lease_seconds = config.lease_ms / 1000;
  reader.number("lease_seconds", lease_seconds, 1, 3600)
      .number("settle_ms", config.settle_ms, 0, 1000)
      .optional("peer_gro", config.peer_gro)
      .optional("knowledge_dir", config.knowledge_dir)
      .optional("hooks_dir", config.hooks_dir);
  config.lease_ms = lease_seconds * 1000;
  TRY(read_interfaces(reader, config));
  TRY(reader.done());
  return config;
}

Result<Config> read_config(const std::optional<std::string>& path) {
  const std::string file = path.value_or(kConfigFile);
  auto text = read_file(file);
  if (!text && text.error().code == ENOENT && !path) return Config{};
  return parse_config(TRY(std::move(text)), file);
}

}  // namespace tna
