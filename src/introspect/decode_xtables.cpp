// SPDX-License-Identifier: Apache-2.0
// The layout is linux/netfilter/x_tables.h's; net/ipv4/netfilter/ip_tables.c:ipt_do_table says what
// it means.
#include "introspect/decode_xtables.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <span>

namespace tna {
namespace {

using Part = std::span<const std::uint8_t>;

constexpr std::uint32_t kRegister = NFT_REG32_00;
constexpr const char* kHooks[] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};

struct Priority {
  const char* table;
  std::int32_t before, after;  // routing
};
constexpr Priority kPriorities[] = {{"raw", -300, -300},
                                    {"mangle", -150, -150},
                                    {"nat", -100, 100},
                                    {"filter", 0, 0},
                                    {"security", 50, 50}};

// The structure that the part begins with; false where it is too short.
template <typename T>
bool read(Part part, T& value) {
  if (part.size() < sizeof value) return false;
  std::memcpy(&value, part.data(), sizeof value);
  return true;
}

// A name's padding may be anything behind its NUL.
std::string name_of(const char* name, std::size_t size) {
  return {name, ::strnlen(name, size)};
}

nft::Octets octets(const void* data, std::size_t size) {
  auto* first = static_cast<const std::uint8_t*>(data);
  return {first, first + size};
}

const ipt_ip& ip_of(const ipt_entry& entry) {
  return entry.ip;
}
const ip6t_ip6& ip_of(const ip6t_entry& entry) {
  return entry.ipv6;
}

// One entry, its parts found and within it.
template <typename Ip>
struct Parsed {
  Ip ip;
  xt_counters counters;
  std::uint32_t offset = 0, next = 0;  // where it begins, and the next one
  Part matches, target;                // target: what follows its head
  std::string name;                    // of the target
  std::uint8_t revision = 0;
};

template <typename Entry>
auto parse(Part entries, std::uint32_t offset)
    -> std::optional<Parsed<std::remove_cvref_t<decltype(ip_of(Entry{}))>>> {
  Entry entry;
  Part rest = entries.subspan(offset);
  if (!read(rest, entry) || entry.target_offset < sizeof entry ||
      entry.next_offset < entry.target_offset || entry.next_offset > rest.size())
    return std::nullopt;
  Part target = rest.subspan(entry.target_offset, entry.next_offset - entry.target_offset);
  xt_entry_target head;
  if (!read(target, head)) return std::nullopt;
  return {{ip_of(entry), entry.counters, offset, offset + entry.next_offset,
           rest.subspan(sizeof entry, entry.target_offset - sizeof entry),
           target.subspan(sizeof head), name_of(head.u.user.name, sizeof head.u.user.name),
           head.u.user.revision}};
}

// What iptables-nft writes for the part of a rule that every rule has.
class Head {
 public:
  explicit Head(std::vector<nft::Expression>& does) : does_(does) {}

  void interface(std::uint32_t key, const char* name, const std::uint8_t* mask, bool inverted) {
    std::size_t length = 0;
    while (length < IFNAMSIZ && mask[length]) ++length;
    if (!length) return;
    does_.push_back(nft::Meta{key, kRegister});
    compare(inverted, octets(name, length));
  }
  void protocol(std::uint16_t number, bool inverted) {
    does_.push_back(nft::Meta{NFT_META_L4PROTO, kRegister});
    compare(inverted, {static_cast<std::uint8_t>(number)});
  }
  // Of a mask of whole bytes these alone are loaded.
  void address(std::uint32_t offset, nft::Octets address, nft::Octets mask, bool inverted) {
    std::size_t length = 0;
    while (length < mask.size() && mask[length] == 0xff) ++length;
    bool whole_bytes = std::all_of(mask.begin() + length, mask.end(), [](auto m) { return !m; });
    if (!length && whole_bytes && !inverted) return;
    if (!whole_bytes) length = mask.size();
    does_.push_back(nft::Payload{NFT_PAYLOAD_NETWORK_HEADER, offset,
                                 static_cast<std::uint32_t>(length), kRegister});
    if (!whole_bytes)
      does_.push_back(nft::Bitwise{kRegister,
                                   kRegister,
                                   static_cast<std::uint32_t>(length),
                                   NFT_BITWISE_BOOL,
                                   std::move(mask),
                                   nft::Octets(length, 0),
                                   {}});
    address.resize(length);
    compare(inverted, std::move(address));
  }
  void unknown(const char* what) { does_.push_back(nft::Other{what}); }

 private:
  void compare(bool inverted, nft::Octets with) {
    does_.push_back(nft::Compare{kRegister, inverted ? NFT_CMP_NEQ : NFT_CMP_EQ, std::move(with)});
  }
  std::vector<nft::Expression>& does_;
};

void add_head(const ipt_ip& ip, std::vector<nft::Expression>& does) {
  Head head(does);
  head.address(12, octets(&ip.src, 4), octets(&ip.smsk, 4), ip.invflags & IPT_INV_SRCIP);
  head.address(16, octets(&ip.dst, 4), octets(&ip.dmsk, 4), ip.invflags & IPT_INV_DSTIP);
  head.interface(NFT_META_IIFNAME, ip.iniface, ip.iniface_mask, ip.invflags & IPT_INV_VIA_IN);
  head.interface(NFT_META_OIFNAME, ip.outiface, ip.outiface_mask, ip.invflags & IPT_INV_VIA_OUT);
  if (ip.proto) head.protocol(ip.proto, ip.invflags & IPT_INV_PROTO);
  if (ip.flags & IPT_F_FRAG || ip.invflags & (IPT_INV_FRAG | IPT_INV_TOS))
    head.unknown("fragments");
}

void add_head(const ip6t_ip6& ip, std::vector<nft::Expression>& does) {
  Head head(does);
  head.address(8, octets(&ip.src, 16), octets(&ip.smsk, 16), ip.invflags & IP6T_INV_SRCIP);
  head.address(24, octets(&ip.dst, 16), octets(&ip.dmsk, 16), ip.invflags & IP6T_INV_DSTIP);
  head.interface(NFT_META_IIFNAME, ip.iniface, ip.iniface_mask, ip.invflags & IP6T_INV_VIA_IN);
  head.interface(NFT_META_OIFNAME, ip.outiface, ip.outiface_mask, ip.invflags & IP6T_INV_VIA_OUT);
  if (ip.flags & IP6T_F_PROTO) head.protocol(ip.proto, ip.invflags & IP6T_INV_PROTO);
  if (ip.flags & IP6T_F_TOS || ip.invflags & (IP6T_INV_FRAG | IP6T_INV_TOS)) head.unknown("tos");
}

bool is_goto(const ipt_ip& ip) {
  return ip.flags & IPT_F_GOTO;
}
bool is_goto(const ip6t_ip6& ip) {
  return ip.flags & IP6T_F_GOTO;
}

bool add_matches(Part matches, std::vector<nft::Expression>& does) {
  while (!matches.empty()) {
    xt_entry_match match;
    if (!read(matches, match) || match.u.match_size < sizeof match ||
        match.u.match_size > matches.size())
      return false;
    Part info = matches.subspan(sizeof match, match.u.match_size - sizeof match);
    does.push_back(nft::Extension{false, name_of(match.u.user.name, sizeof match.u.user.name),
                                  match.u.user.revision, nft::Octets(info.begin(), info.end())});
    matches = matches.subspan(match.u.match_size);
  }
  return true;
}

template <typename Entry>
class Decoder {
  using Each = typename decltype(parse<Entry>({}, 0))::value_type;

 public:
  explicit Decoder(const XtablesBlob& blob) : blob_(blob) {}

  Result<nft::Table> table() {
    TRY(parse_all());
    name_chains();
    nft::Table table{blob_.family, "legacy " + blob_.name, false, {}, {}};
    nft::Chain* chain = nullptr;
    for (const Each& entry : entries_) {
      if (auto begins = chains_.find(entry.offset); begins != chains_.end()) {
        table.chains.push_back({begins->second, base_at(entry.offset), {}});
        chain = &table.chains.back();
      }
      if (!chain || entry.name == XT_ERROR_TARGET || ends_base(entry.offset) ||
          ends_own(*chain, entry))
        continue;
      nft::Rule rule{++rules_, {}};
      if (!decode(entry, rule.does)) return unsound(entry.offset);
      chain->rules.push_back(std::move(rule));
    }
    return table;
  }

 private:
  std::unexpected<Error> unsound(std::uint32_t offset) const {
    return error(
        "table " + blob_.name + ": the entry at " + std::to_string(offset) + " is not sound",
        EPROTO);
  }

  Result<> parse_all() {
    for (std::uint32_t offset = 0; offset < blob_.entries.size();) {
      auto entry = parse<Entry>(blob_.entries, offset);
      if (!entry || entry->next <= offset) return unsound(offset);
      offset = entry->next;
      entries_.push_back(std::move(*entry));
    }
    return {};
  }

  // The entry that begins there; nothing where none does.
  const Each* at(std::uint32_t offset) const {
    auto found = std::ranges::lower_bound(entries_, offset, {}, &Each::offset);
    return found == entries_.end() || found->offset != offset ? nullptr : &*found;
  }

  // A chain of the user's begins behind an entry that has its name.
  void name_chains() {
    for (const Each& entry : entries_) {
      if (entry.name != XT_ERROR_TARGET) continue;
      if (at(entry.next))
        chains_[entry.next] =
            name_of(reinterpret_cast<const char*>(entry.target.data()), entry.target.size());
    }
    for (std::size_t hook = 0; hook < blob_.entry.size(); ++hook)
      if (blob_.hooks >> hook & 1) chains_[blob_.entry[hook]] = kHooks[hook];
  }

  std::optional<nft::Base> base_at(std::uint32_t offset) const {
    for (std::uint32_t hook = 0; hook < blob_.entry.size(); ++hook) {
      if (!(blob_.hooks >> hook & 1) || blob_.entry[hook] != offset) continue;
      nft::Base base{hook, priority(hook), NF_ACCEPT, blob_.name == "nat" ? "nat" : "filter", {}};
      const Each* policy = at(blob_.underflow[hook]);
      if (policy && verdict(*policy) == -NF_DROP - 1) base.policy = NF_DROP;
      return base;
    }
    return std::nullopt;
  }

  std::int32_t priority(std::uint32_t hook) const {
    for (const Priority& each : kPriorities)
      if (blob_.name == each.table)
        return hook == NF_INET_POST_ROUTING || hook == NF_INET_LOCAL_IN ? each.after : each.before;
    return 0;
  }

  bool ends_base(std::uint32_t offset) const {
    for (std::size_t hook = 0; hook < blob_.underflow.size(); ++hook)
      if (blob_.hooks >> hook & 1 && blob_.underflow[hook] == offset) return true;
    return false;
  }

  // The return that stands at the end of every chain of the user's.
  bool ends_own(const nft::Chain& chain, const Each& entry) const {
    const Each* next = at(entry.next);
    return !chain.base && next && next->name == XT_ERROR_TARGET;
  }

  static std::optional<int> verdict(const Each& entry) {
    int verdict = 0;
    if (!entry.name.empty() || !read(entry.target, verdict)) return std::nullopt;
    return verdict;
  }

  bool decode(const Each& entry, std::vector<nft::Expression>& does) const {
    add_head(entry.ip, does);
    if (!add_matches(entry.matches, does)) return false;
    does.push_back(nft::Counter{entry.counters.pcnt, entry.counters.bcnt});
    if (!entry.name.empty()) {
      does.push_back(nft::Extension{true, entry.name, entry.revision,
                                    nft::Octets(entry.target.begin(), entry.target.end())});
      return true;
    }
    auto code = verdict(entry);
    if (!code) return false;
    if (*code == static_cast<int>(entry.next)) return true;  // no target: the next rule
    nft::Verdict verdict;
    if (*code >= 0) {
      auto to = chains_.find(static_cast<std::uint32_t>(*code));
      if (to == chains_.end()) return false;
      verdict = {is_goto(entry.ip) ? NFT_GOTO : NFT_JUMP, to->second};
    } else {
      verdict.code = *code == XT_RETURN ? static_cast<int>(NFT_RETURN) : -(*code + 1);
    }
    does.push_back(nft::Immediate{NFT_REG_VERDICT, std::move(verdict)});
    return true;
  }

  const XtablesBlob& blob_;
  std::vector<Each> entries_;                    // in the order of their offsets
  std::map<std::uint32_t, std::string> chains_;  // by the offset that they begin at
  std::uint64_t rules_ = 0;
};

}  // namespace

Result<nft::Table> decode_xtables(const XtablesBlob& blob) {
  return blob.family == NFPROTO_IPV6 ? Decoder<ip6t_entry>(blob).table()
                                     : Decoder<ipt_entry>(blob).table();
}

}  // namespace tna
