// SPDX-License-Identifier: Apache-2.0
// Configuration of tnad: /etc/tna/tna.toml. Every key has a default, so the file may be absent.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tna {

inline constexpr const char* kConfigFile = "/etc/tna/tna.toml";

// Where the fast path of an interface is hooked in: "auto", "xdp", "tc", "none".
enum class HookChoice { automatic, xdp, tc, none };

std::optional<HookChoice> parse_hook_choice(std::string_view);
std::string to_string(HookChoice);

struct Config {
  // hook = "auto": for interfaces that are not named below. auto: what gains most on that driver;
  // none: everything is left to Linux.
  HookChoice hook = HookChoice::automatic;

  // [interface.NAME]
  // hook = "xdp": for this interface. It need not exist yet.
  std::map<std::string, HookChoice> interface_hooks;

  // lease_seconds = 30: for so long the fast path goes on when tnad is killed; 1 to 3600.
  // A clean stop ends it at once.
  std::int64_t lease_ms = 30'000;

  // settle_ms = 3: a change waits for so long for the next one, so that a script's many changes
  // cost one rebuild; 0 to 1000. Guards keep packets right meanwhile.
  std::int64_t settle_ms = 3;

  // peer_gro = false: where a veth could be sent to by XDP if only its other end had GRO on, tnad
  // switches that on, in whatever namespace the other end is; and off again when it is not needed
  // any more.
  bool peer_gro = false;

  // counted_connections = "linux": whose are the connections that conntrack counts the packets of
  // (nf_conntrack_acct). "fast": TNA's, which counts what passes conntrack by: `tna stats` has the
  // sums. Read at start only.
  bool counted_fast = false;

  // knowledge_dir: files *.toml in it add to what TNA knows about Linux. It need not exist.
  std::string knowledge_dir = "/etc/tna/knowledge.d";

  // hooks_dir: where `tna hook add` puts users' hooks, those of a namespace named by --netns in a
  // folder of that name.
  std::string hooks_dir = "/etc/tna/hooks.d";

  bool operator==(const Config&) const = default;

  HookChoice hook_of(const std::string& interface) const;
};

// The file's name is for messages.
Result<Config> parse_config(std::string_view text, const std::string& file);

// No path: kConfigFile, or the defaults where that does not exist. A named file must exist.
Result<Config> read_config(const std::optional<std::string>& path);

}  // namespace tna
