// SPDX-License-Identifier: Apache-2.0
#include "daemon/hook_keeper.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

#include "assemble/slots.h"
#include "base/log.h"
#include "base/toml.h"

namespace tna {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 32;

// It is a file's name, and a folder's in the BPF file system, which takes no dots.
Result<> check_name(const std::string& name) {
  const bool right = std::ranges::all_of(
      name, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
  if (!name.empty() && name.size() <= kLongestName && right) return {};
  return error("\"" + name + "\" is no name for a hook: up to 32 letters, digits, _ and -");
}

std::string name_of(const std::string& file) {
  std::string name = fs::path(file).filename();
  return name.substr(0, name.find('.'));
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';  // neither slots nor names of interfaces that are taken have quotes
}

std::string as_toml(const InstalledHook& hook) {
  std::string interfaces;
  for (const std::string& name : hook.interfaces)
    interfaces += (interfaces.empty() ? "" : ", ") + quoted(name);
  return "# written by `tna hook`\nat = " + quoted(hook.at) +
         "\npriority = " + std::to_string(hook.priority) + "\ninterfaces = [" + interfaces + "]\n";
}

Result<InstalledHook> from_toml(const std::string& file) {
  const TomlTable table = TRY(parse_toml(TRY(read_file(file)), file));
  TomlReader reader(table, file, "", 1);
  InstalledHook hook;
  std::int64_t priority = 0;
  reader.required("at", hook.at)
      .number("priority", priority, -kHookPriorities, kHookPriorities)
      .optional("interfaces", hook.interfaces);
  TRY(reader.done());
  hook.priority = static_cast<int>(priority);
  return hook;
}

// Whole or not at all, also where the machine stops meanwhile.
Result<> write_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return error("write " + fresh);
  std::error_code failure;
  fs::rename(fresh, path, failure);
  if (failure) return errno_error("write " + path, failure.value());
  return {};
}

void remove_quietly(const std::string& path) {
  std::error_code failure;
  fs::remove_all(path, failure);
}

bool before(const HookKeeper::Hook& a, const HookKeeper::Hook& b) {
  return a.planned.priority != b.planned.priority ? a.planned.priority < b.planned.priority
                                                  : a.planned.name < b.planned.name;
}

}  // namespace

void HookKeeper::read() {
  hooks_.clear();
  broken_.clear();
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder_, none)) {
    if (entry.path().extension() != ".toml") continue;
    const std::string name = entry.path().stem();
    auto hook = read_one(name);
    if (hook) {
      hooks_.push_back(std::move(*hook));
    } else {
      log_warning("hook {}: not in use: {}", name, hook.error().message);
      broken_.push_back({name, hook.error().message});
    }
  }
  std::ranges::sort(hooks_, before);
}

Result<HookKeeper::Hook> HookKeeper::read_one(const std::string& name) {
  InstalledHook planned = TRY(from_toml(folder_ + "/" + name + ".toml"));
  planned.name = name;
  Hook hook = TRY(open(folder_ + "/" + name + ".o", planned));
  TRY(hook.object->pin());
  return hook;
}

Result<HookKeeper::Hook> HookKeeper::open(const std::string& file, InstalledHook planned) {
  if (planned.name.empty()) planned.name = name_of(file);
  TRY(check_name(planned.name));
  planned.slots = TRY(slots_named(planned.at));
  for (const std::string& interface : planned.interfaces)
    if (interface.empty() || interface.find_first_of("\"\\\n/") != std::string::npos)
      return error("\"" + interface + "\" is no name of an interface");
  auto object = std::make_shared<HookObject>(TRY(HookObject::open(file, pins_of(planned.name))));
  planned.kind = to_string(object->kind());
  if (object->kind() == HookKind::steer && planned.slots != TRY(slots_named("start")))
    return error(
        "a steer stands at start: elsewhere it would come after others' decisions, not at " +
        planned.at);
  planned.id = ++last_id_;
  return Hook{std::move(planned), std::move(object)};
}

Result<HookKeeper::Hook> HookKeeper::open_instead(const std::string& name,
                                                  const std::string& file) {
  auto found = std::ranges::find(hooks_, name, [](const Hook& hook) { return hook.planned.name; });
  if (found == hooks_.end()) return error("there is no hook " + name);
  return open(file, found->planned);
}

Result<> HookKeeper::install(Hook hook, const std::string& file) {
  const std::string& name = hook.planned.name;
  const std::string object = folder_ + "/" + name + ".o", place = folder_ + "/" + name + ".toml";
  std::error_code failure;
  fs::create_directories(folder_, failure);
  if (failure) return errno_error("make the folder " + folder_, failure.value());
  std::string bytes = TRY(read_file(file));
  const bool is_new = !fs::exists(place, failure);
  TRY(write_file(object, bytes));
  auto done = write_file(place, as_toml(hook.planned));
  if (done) done = hook.object->pin();
  if (!done) {
    if (is_new)
      for (const std::string& path : {object, place, pins_of(name)}) remove_quietly(path);
    return done;
  }
  std::erase_if(hooks_, [&](const Hook& other) { return other.planned.name == name; });
  std::erase_if(broken_, [&](const Broken& other) { return other.name == name; });
  hooks_.push_back(std::move(hook));
  std::ranges::sort(hooks_, before);
  return {};
}

Result<> HookKeeper::remove(const std::string& name) {
  const auto gone =
      std::erase_if(hooks_, [&](const Hook& hook) { return hook.planned.name == name; }) +
      std::erase_if(broken_, [&](const Broken& hook) { return hook.name == name; });
  if (!gone) return error("there is no hook " + name);
  for (const std::string& path :
       {folder_ + "/" + name + ".toml", folder_ + "/" + name + ".o", pins_of(name)})
    remove_quietly(path);
  std::error_code others;
  fs::remove(pins_, others);
  return {};
}

std::vector<HookKeeper::Hook> HookKeeper::all(const Hook* with) const {
  std::vector<Hook> hooks = hooks_;
  if (!with) return hooks;
  std::erase_if(hooks, [&](const Hook& hook) { return hook.planned.name == with->planned.name; });
  hooks.push_back(*with);
  std::ranges::sort(hooks, before);
  return hooks;
}

std::vector<InstalledHook> HookKeeper::planned(const Hook* with) const {
  std::vector<InstalledHook> planned;
  for (const Hook& hook : all(with)) planned.push_back(hook.planned);
  return planned;
}

HookKeeper::Objects HookKeeper::objects(const Hook* with) const {
  Objects objects;
  for (const Hook& hook : all(with)) objects[hook.planned.id] = hook.object;
  return objects;
}

}  // namespace tna
