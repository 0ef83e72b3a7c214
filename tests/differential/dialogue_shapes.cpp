// SPDX-License-Identifier: Apache-2.0
// dialogue_shapes.cpp: routers whose stations hold connections of every kind of translation, before
// a firewall that follows them.
#include "shapes.h"
#include "translations.h"

namespace tna::differential {
namespace {

const Commands kFirewall{
    "nft add table inet fw", "nft add chain inet fw extra",
    "nft add chain inet fw forward { type filter hook forward priority 0 ; }",
    "nft add rule inet fw forward jump extra",
    "nft add rule inet fw forward ct state established,related accept",
    // What of them TNA has passed by: tests/differential/twins.cpp.
    "nft add chain inet fw seen { type filter hook prerouting priority -300 ; }",
    "nft add rule inet fw seen meta l4proto tcp counter comment \"TCP\"",
    "nft add rule inet fw seen meta l4proto udp counter comment \"UDP\""};

// Each connection is in the zone of the port that it was opened from, so that the answers are to
// those that are in zone 0; whatever is translated, they are known by that.
const Commands kZones{
    "nft add chain inet fw zones { type filter hook prerouting priority -310 ; }",
    "nft add rule inet fw zones iifname p1 ct original zone set 1",
    "nft add rule inet fw zones iifname p2 counter ct original zone set 2",
    "nft add rule inet fw zones iifname p3 meta l4proto udp ct original zone set 3"};

// Checksums of transport protocols are not verified by the fast path (docs/supported.md).
const Commands kUnverified{"sysctl -qw net.netfilter.nf_conntrack_checksum=0"};
const Commands kLiberal{"sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1"};

}  // namespace

Shapes dialogue_shapes(const Shape& router) {
  Shape strict = router;
  strict.name += " with dialogues";
  strict.commands = strict.commands + kFirewall + translation_commands(4) + kUnverified;
  strict.topics = {Topic::dialogues, Topic::dialogues, Topic::forgotten};
  strict.weight = 4;
  strict.uncertain = true;
  strict.dialogues = true;
  strict.opens = any_connection;
  // What conntrack takes for out of its window because it has not seen all before.
  Shape liberal = strict;
  liberal.name += ", some unseen";
  liberal.commands = liberal.commands + kLiberal;
  liberal.topics = {Topic::dialogues, Topic::forgotten, Topic::untracked, Topic::router};
  // Nothing is forgotten: Linux would pick connections up from these.
  Shape strays = strict;
  strays.name += " and strays";
  strays.commands = liberal.commands;
  strays.topics = {Topic::dialogues, Topic::dialogues, Topic::router};
  strays.strays = true;
  Shape zones = strict;
  zones.name += " in zones";
  zones.commands = zones.commands + kZones;
  zones.weight = 3;
  return {strict, liberal, strays, zones};
}

}  // namespace tna::differential
