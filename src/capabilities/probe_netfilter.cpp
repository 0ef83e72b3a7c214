// SPDX-License-Identifier: Apache-2.0
#include "capabilities/probe_netfilter.h"

#include <linux/if_ether.h>

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "capabilities/probe_rules.h"
#include "capabilities/tap_list.h"

namespace tna {
namespace {

// NF_BR_ and NF_INET_ PRE_ROUTING, FORWARD, POST_ROUTING; NF_BR_LOCAL_IN, _OUT
constexpr std::array<int, TNA_HOOKS> kHooks = {0, 2, 4};
constexpr std::array<int, TNA_LOCAL_HOOKS> kLocalHooks = {1, 3};
constexpr std::array<int, 1> kInput = {1};  // NF_INET_LOCAL_IN
constexpr unsigned kMostHooks = 64;         // more in one array is taken for garbage
constexpr int kMostNodes = 4096;

// An offset that must exist; the kernel's structure is part of the error.
Result<std::uint32_t> offset_of(const KernelMemory& memory, const char* type, const char* member) {
  if (auto offset = memory.offset(type, member)) return *offset;
  return error(std::string("the kernel's struct ") + type + " has no member " + member);
}

// The array that the slot points to, and the addresses of its functions.
struct RawArray {
  HookArray* into;
  std::vector<std::uint64_t> functions;
};

Result<RawArray> read_hooks(KernelMemory& memory, std::uint64_t slot, HookArray& into) {
  RawArray array{&into, {}};
  into.pointer = TRY(memory.read<std::uint64_t>(slot));
  if (!into.pointer) return array;
  auto count = TRY(memory.read<std::uint16_t>(into.pointer));
  if (count > kMostHooks) return error("netfilter hooks changed while they were read");
  std::uint64_t first = into.pointer + TRY(offset_of(memory, "nf_hook_entries", "hooks"));
  for (unsigned i = 0; i < count; i++) {  // struct nf_hook_entry: function, private pointer
    array.functions.push_back(TRY(memory.read<std::uint64_t>(first + 16 * i)));
    into.privates.push_back(TRY(memory.read<std::uint64_t>(first + 16 * i + 8)));
  }
  if (TRY(memory.read<std::uint64_t>(slot)) != into.pointer)
    return error("netfilter hooks changed while they were read");
  return array;
}

// The sysctl tables of a namespace are a tree of directories, each a red-black tree of names.
class SysctlTree {
 public:
  static Result<SysctlTree> open(KernelMemory& memory, std::uint64_t net) {
    SysctlTree tree(memory);
    tree.node_header_ = TRY(offset_of(memory, "ctl_node", "header"));
    tree.left_ = TRY(offset_of(memory, "rb_node", "rb_left"));
    tree.right_ = TRY(offset_of(memory, "rb_node", "rb_right"));
    tree.header_table_ = TRY(offset_of(memory, "ctl_table_header", "ctl_table"));
    tree.header_node_ = TRY(offset_of(memory, "ctl_table_header", "node"));
    tree.dir_root_ = TRY(offset_of(memory, "ctl_dir", "root"));
    tree.entry_name_ = TRY(offset_of(memory, "ctl_table", "procname"));
    tree.entry_data_ = TRY(offset_of(memory, "ctl_table", "data"));
    auto entry_size = memory.size("ctl_table"), node_size = memory.size("ctl_node");
    if (!entry_size || !node_size) return error("the kernel's sysctl types are unknown");
    tree.entry_size_ = *entry_size;
    tree.node_size_ = *node_size;
    tree.top_ = net + TRY(offset_of(memory, "net", "sysctls")) +
                TRY(offset_of(memory, "ctl_table_set", "dir"));
    return tree;
  }

  struct Entry {
    std::uint64_t header = 0, data = 0;
  };

  std::uint64_t top() const { return top_; }

  // The entry of that name in the directory, nullopt where there is none.
  Result<std::optional<Entry>> find(std::uint64_t directory, const std::string& name) {
    std::vector<std::uint64_t> open = {TRY(memory_.read<std::uint64_t>(directory + dir_root_))};
    for (int visited = 0; !open.empty(); visited++) {
      std::uint64_t node = open.back();
      open.pop_back();
      if (!node) continue;
      if (visited > kMostNodes) return error("the sysctl tree changed while it was read");
      auto header = TRY(memory_.read<std::uint64_t>(node + node_header_));
      auto nodes = TRY(memory_.read<std::uint64_t>(header + header_node_));
      auto entry = TRY(memory_.read<std::uint64_t>(header + header_table_)) +
                   (node - nodes) / node_size_ * entry_size_;
      if (TRY(memory_.text(TRY(memory_.read<std::uint64_t>(entry + entry_name_)))) == name)
        return Entry{header, TRY(memory_.read<std::uint64_t>(entry + entry_data_))};
      open.push_back(TRY(memory_.read<std::uint64_t>(node + left_)));
      open.push_back(TRY(memory_.read<std::uint64_t>(node + right_)));
    }
    return std::nullopt;
  }

 private:
  explicit SysctlTree(KernelMemory& memory) : memory_(memory) {}
  KernelMemory& memory_;
  std::uint64_t top_ = 0;
  std::uint32_t node_header_ = 0, left_ = 0, right_ = 0, header_table_ = 0, header_node_ = 0,
                dir_root_ = 0, entry_name_ = 0, entry_data_ = 0, entry_size_ = 0, node_size_ = 0;
};

// net.bridge.bridge-nf-*, where br_netfilter has registered them in this namespace.
Result<> find_bridge_nf(KernelMemory& memory, NetfilterState& state) {
  auto tree = TRY(SysctlTree::open(memory, state.net));
  std::uint64_t directory = tree.top();
  for (const char* name : {"net", "bridge"}) {
    auto entry = TRY(tree.find(directory, name));
    if (!entry) return {};
    directory = entry->header;  // a directory's table header is its first member
  }
  for (auto [name, address] :
       {std::pair{"bridge-nf-call-iptables", &state.call_iptables},
        std::pair{"bridge-nf-call-ip6tables", &state.call_ip6tables},
        std::pair{"bridge-nf-filter-vlan-tagged", &state.filter_vlan_tagged},
        std::pair{"bridge-nf-filter-pppoe-tagged", &state.filter_pppoe_tagged}}) {
    auto entry = TRY(tree.find(directory, name));
    if (!entry) return error(std::string("br_netfilter has no sysctl ") + name);
    *address = entry->data;
  }
  return {};
}

}  // namespace

Result<NetfilterState> probe_netfilter(KernelMemory& memory, Symbols& symbols,
                                       const NetfilterState& before) {
  NetfilterState state;
  state.net = TRY(memory.net());
  state.taps = tap_list(memory, state.net);
  state.ipv4_takers = ip_takers(memory, state.net, ETH_P_IP, "ip_packet_type");
  state.ipv6_takers = ip_takers(memory, state.net, ETH_P_IPV6, "ipv6_packet_type");
  std::vector<RawArray> raw;
  std::uint64_t nf = state.net + TRY(offset_of(memory, "net", "nf"));
  struct Family {
    const char* member;
    std::span<const int> hooks;
    std::span<HookArray> into;
  };
  for (const Family& family :
       {Family{"hooks_bridge", kHooks, state.bridge},
        Family{"hooks_bridge", kLocalHooks, state.bridge_local},
        Family{"hooks_ipv4", kHooks, state.ipv4}, Family{"hooks_ipv6", kHooks, state.ipv6},
        Family{"hooks_ipv4", kInput, state.ipv4_input},
        Family{"hooks_ipv6", kInput, state.ipv6_input}}) {
    std::uint64_t slots = nf + TRY(offset_of(memory, "netns_nf", family.member));
    for (std::size_t i = 0; i < family.hooks.size(); i++)
      raw.push_back(TRY(read_hooks(memory, slots + 8 * family.hooks[i], family.into[i])));
  }
  std::vector<std::uint64_t> functions;
  for (const RawArray& array : raw)
    functions.insert(functions.end(), array.functions.begin(), array.functions.end());
  std::vector<std::string> names = symbols.names(functions);
  auto name = names.begin();
  for (const RawArray& array : raw)
    for (std::size_t i = 0; i < array.functions.size(); i++)
      array.into->functions.push_back(std::move(*name++));
  state.rules = TRY(probe_rules(memory, state, before));
  state.connections_shown = probe_connections(state, before);
  state.zones_shown = state.connections_shown && probe_zones(memory, before);
  if (before.call_iptables && before.net == state.net && before.bridge == state.bridge) {
    state.call_iptables = before.call_iptables;
    state.call_ip6tables = before.call_ip6tables;
    state.filter_vlan_tagged = before.filter_vlan_tagged;
    state.filter_pppoe_tagged = before.filter_pppoe_tagged;
  } else {
    TRY(find_bridge_nf(memory, state));
  }
  if (!state.call_iptables) return state;
  state.call_iptables_now = TRY(memory.read<int>(state.call_iptables));
  state.call_ip6tables_now = TRY(memory.read<int>(state.call_ip6tables));
  return state;
}

}  // namespace tna
