// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/folder_lock.h"
#include "cli/client.h"
#include "cli/leftovers.h"
#include "cli/print.h"

namespace tna {
namespace {

const Json kStatus = Json::parse(R"({
  "version": "0.1.0", "generation": 7, "last_rebuild_ms": 12.44, "lease_ms": 10000,
  "netns": "", "paused": false,
  "interfaces": [
    {"name": "eth0", "ifindex": 3, "hook": "tc", "native": false,
     "modules": ["guards", "parse_l2", "bridge_ingress", "fdb", "forward"],
     "instructions": 1102, "fast_packets": 990, "fast_bytes": 63360, "slow_packets": 10,
     "reasons": {"group": 2, "fdb_miss": 5, "source_unknown": 2, "control": 1}, "why": "a port of br0"},
    {"name": "long-name-eth1", "ifindex": 4, "hook": "none", "native": false, "modules": [],
     "instructions": 0, "fast_packets": 0, "fast_bytes": 0, "slow_packets": 0, "reasons": {},
     "why": "the bridge filters VLANs, which TNA does not do yet"},
    {"name": "eth2", "ifindex": 5, "hook": "xdp", "native": true, "modules": ["guards"],
     "instructions": 12, "fast_packets": 0, "slow_packets": 0, "reasons": {}, "why": ""}
  ]})");

TEST(PrintStatus, IsATableWithWhyUnderWhatIsNotAccelerated) {
  EXPECT_EQ(print_status(kStatus),
            "tnad 0.1.0, generation 7, last rebuild 12.4 ms, lease 10 s\n"
            "INTERFACE       HOOK  MODULES  INSNS  FAST  SLOW   SHARE  WHY SLOW\n"
            "eth0            tc          5   1102   990    10  99.0 %  "
            "fdb_miss 5, group 2, source_unknown 2, 1 more\n"
            "long-name-eth1  none        -      -     -     -       -\n"
            "    the bridge filters VLANs, which TNA does not do yet\n"
            "eth2            xdp         1     12     0     0       -\n");
}

TEST(PrintStatus, SaysNamespaceAndPause) {
  Json status = {{"version", "1"}, {"netns", "lab"}, {"paused", true}};
  EXPECT_EQ(print_status(status).substr(0, print_status(status).find("INTERFACE")),
            "tnad 1, network namespace lab, generation 0, last rebuild 0.0 ms, lease "
            "0 s\n"
            "PAUSED by `tna detach`; `tna attach` ends that\n");
}

TEST(PrintStatus, SaysWhatTheKernelDoesNotTell) {
  const std::string printed = print_status({{"missing", {"changes of nf_tables are not told"}}});
  EXPECT_NE(printed.find("\nnote: changes of nf_tables are not told\n"), std::string::npos);
}

TEST(PrintStatus, SaysWhyCountedConnectionsStayWithLinuxWhereTheyShallNot) {
  Json whose{{"configured", "fast"}, {"by", "linux"}, {"why", "a rule reads them"}};
  constexpr char kNote[] = "\nnote: connections with counters stay with Linux: a rule reads them\n";
  EXPECT_NE(print_status({{"counted_connections", whose}}).find(kNote), std::string::npos);
  for (const auto& [configured, by] : {std::pair{"linux", "linux"}, {"fast", "fast"}}) {
    whose["configured"] = configured;
    whose["by"] = by;
    EXPECT_EQ(print_status({{"counted_connections", whose}}).find("note"), std::string::npos);
  }
}

const Json kStats = Json::parse(R"({
  "counted_connections": {"configured": "fast", "by": "fast", "why": ""},
  "connections_fast": 1, "room": 100, "fast": {"packets": 9, "bytes": 900},
  "ended": {"connections": 2, "packets": 30, "bytes": 3000},
  "connections": [
    {"protocol": "tcp", "source": "192.0.2.1", "source_port": 1000, "destination": "192.0.2.2",
     "destination_port": 80, "began": 5, "ended": false,
     "original": {"linux": {"packets": 8, "bytes": 500}, "fast": {"packets": 7, "bytes": 800},
                  "packets": 15, "bytes": 1300},
     "reply": {"linux": {"packets": 4, "bytes": 208}, "fast": {"packets": 2, "bytes": 100},
               "packets": 6, "bytes": 308}},
    {"protocol": "udp", "source": "2001:db8::1", "source_port": 53, "destination": "2001:db8::2",
     "destination_port": 53, "began": 6, "ended": true,
     "original": {"linux": null, "fast": {"packets": 1, "bytes": 60}, "packets": 1, "bytes": 60},
     "reply": {"linux": null, "fast": {"packets": 0, "bytes": 0}, "packets": 0, "bytes": 0}}
  ]})");

TEST(PrintStats, IsLinuxsCountOursAndBothForEachDirection) {
  EXPECT_EQ(print_stats(kStats),
            "connections with counters that go fast: 1, of at most 100; 9 packets, 900 bytes\n"
            "that have ended: 2; 30 packets, 3000 bytes\n"
            "\n"
            "PROTOCOL  FROM              TO                LINUX PACKETS  FAST PACKETS  PACKETS  "
            "LINUX BYTES  FAST BYTES  BYTES\n"
            "tcp       192.0.2.1:1000    192.0.2.2:80                  8             7       15  "
            "        500         800   1300\n"
            "          192.0.2.2:80      192.0.2.1:1000                4             2        6  "
            "        208         100    308\n"
            "udp       [2001:db8::1]:53  [2001:db8::2]:53              -             1        1  "
            "          -          60     60\n"
            "          [2001:db8::2]:53  [2001:db8::1]:53              -             0        0  "
            "          -           0      0\n"
            "    it has ended\n");
}

TEST(PrintStats, WithoutTheListItIsTheSumsAndWhyLinuxHasThem) {
  Json stats = kStats;
  stats.erase("connections");
  stats["counted_connections"] = {{"by", "linux"}, {"why", "not configured"}};
  EXPECT_EQ(print_stats(stats),
            "connections with counters stay with Linux: not configured\n"
            "connections with counters that go fast: 1, of at most 100; 9 packets, 900 bytes\n"
            "that have ended: 2; 30 packets, 3000 bytes\n");
}

TEST(PrintStatus, GenericXdpIsSaid) {
  Json status = kStatus;
  status["interfaces"][2]["native"] = false;
  EXPECT_NE(print_status(status).find("xdp generic"), std::string::npos);
}

TEST(PrintRates, IsWhatWasAddedPerSecond) {
  Json later = kStatus;
  later["interfaces"][0]["fast_packets"] = 990 + 2000;
  later["interfaces"][0]["slow_packets"] = 10 + 4;
  later["interfaces"][0]["reasons"]["fdb_miss"] = 5 + 4;
  const std::string rates = print_rates(later, kStatus, 2);
  EXPECT_NE(rates.find("FAST/S"), std::string::npos);
  EXPECT_NE(rates.find("  1000       2  99.8 %  fdb_miss 2\n"), std::string::npos) << rates;
}

TEST(PrintRates, AnInterfaceMadeAnewCountsFromZero) {
  Json later = kStatus;
  later["interfaces"][0]["fast_packets"] = 30;
  EXPECT_NE(print_rates(later, kStatus, 1).find("    30       0"), std::string::npos)
      << print_rates(later, kStatus, 1);
}

TEST(Print, AnswersOfAnotherShapeDoNotEndTheProgram) {
  for (const Json& odd :
       {Json(), Json(7), Json("x"), Json::array({1}),
        Json{{"interfaces", 5}, {"version", 3}, {"reasons", "x"}},
        Json{{"interfaces", {1, "x", nullptr}}, {"modules", {1}}, {"devices", {2}}},
        Json{{"kernel", 1}, {"guards", {nullptr}}, {"constants", {{"a", {1}}}}}}) {
    for (auto print : {print_status, print_graph, print_pipeline, print_capabilities, print_rules,
                       print_detached, print_attached, print_stats}) {
      const std::string printed = print(odd);
      EXPECT_TRUE(printed.ends_with('\n')) << odd.dump() << " -> " << printed;
    }
  }
}

TEST(PrintPipeline, XdpIsNotGenericWhereNothingSaysSo) {
  EXPECT_TRUE(print_pipeline({{"interface", "eth0"}, {"hook", "xdp"}}).starts_with("eth0: xdp,"));
}

TEST(PrintPipeline, NamesEveryPartWithItsBecause) {
  const Json pipeline = Json::parse(R"({
    "interface": "eth0", "hook": "tc", "why": "a port of br0", "instructions": 1102, "program_id": 57, "load_ms": 12.34,
    "modules": [{"name": "guards", "because": "always"},
                {"name": "fdb", "because": "bridging", "reads": "net_bridge.fdb_hash_tbl"}],
    "guards": [{"name": "hooks_bridge", "value": 0, "because": "no rules"}],
    "constants": {"bridge": 1}})");
  EXPECT_EQ(print_pipeline(pipeline),
            "eth0: tc, 1102 instructions, program 57, loaded in 12.3 ms\n"
            "    a port of br0\n"
            "\n"
            "MODULE  BECAUSE\n"
            "guards  always\n"
            "fdb     bridging\n"
            "    reads net_bridge.fdb_hash_tbl\n"
            "\n"
            "GUARD         VALUE  BECAUSE\n"
            "hooks_bridge  0      no rules\n"
            "\n"
            "CONSTANT  VALUE\n"
            "bridge    1\n");
}

TEST(PrintRules, StepsAndWhoCanDoThem) {
  const Json rules = Json::parse(R"({"generation": 3,
    "refused": {"ipv4": null, "ipv6": "too many"}, "chains": [
    {"family": "ip", "table": "filter", "chain": "FORWARD", "hook": "forward", "priority": -1,
     "policy": "drop", "devices": [],
     "rules": [{"handle": 4, "steps": ["meta l4proto 6", "accept"],
                "linux": {"packets": 1, "bytes": 60}, "fast": {"packets": 2, "bytes": 120}},
               {"handle": 5, "steps": ["to Linux: limit"], "to_linux": "limit"},
               {"handle": 6, "steps": ["ct state 2"], "to_linux": "ct state"}]}]})");
  EXPECT_EQ(print_rules(rules),
            "ip filter FORWARD (forward, priority -1, policy drop)\n"
            "      4  meta l4proto 6; accept  # Linux 1 packets 60 bytes, fast 2 packets 120 "
            "bytes\n"
            "      5  to Linux: limit\n"
            "      6  ct state 2  # to Linux: ct state\n"
            "3 rules, 2 with a step that only Linux can do\n"
            "IPv6 packets that meet rules are left to Linux: too many\n");
  EXPECT_EQ(print_rules(Json::parse(R"({"generation": 1, "chains": []})")), "no chains\n");
}

TEST(PrintCapabilities, ListsFeaturesAndDevices) {
  const Json capabilities = Json::parse(R"({
    "kernel": {"release": "6.12.1", "features": [
      {"name": "tcx", "available": true, "detail": ""},
      {"name": "untyped casts", "available": false, "detail": "from 6.18 on"}]},
    "devices": [{"name": "eth0", "ifindex": 2, "driver": "veth", "native_xdp": true,
                 "redirect_target": false, "xdp_features": 35, "rx_vlan_offload": true,
                 "peer": "ifindex 3 elsewhere", "notes": ["the peer has GRO off"]}]})");
  EXPECT_EQ(print_capabilities(capabilities),
            "KERNEL 6.12.1  HERE  DETAIL\n"
            "tcx            yes\n"
            "untyped casts  no    from 6.18 on\n"
            "\n"
            "DEVICE  DRIVER  NATIVE XDP  REDIRECT TARGET  RX VLAN OFFLOAD  PEER\n"
            "eth0    veth    yes         no               yes              ifindex 3 "
            "elsewhere\n"
            "    the peer has GRO off\n");
}

TEST(PrintDetached, SaysWhatWentAndHowItComesBack) {
  EXPECT_EQ(print_detached({{"interfaces", {"eth0", "eth1"}}}),
            "detached: eth0, eth1\nLinux works alone there until `tna attach`\n");
  EXPECT_EQ(print_detached({{"interfaces", Json::array()}}), "nothing was attached\n");
  EXPECT_EQ(print_attached({{"interfaces", {"eth0"}}}), "attached: eth0\n");
  EXPECT_EQ(print_attached({{"interfaces", Json::array()}}),
            "nothing is attached: `tna status` says why\n");
}

TEST(PrintGraph, EndsItsLastLine) {
  EXPECT_EQ(print_graph({{"format", "text"}, {"text", "br0\n  eth0"}}), "br0\n  eth0\n");
}

struct LeftoversTest : testing::Test {
  std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("tna_leftovers_" + std::to_string(::getpid()));
  std::filesystem::path pins = root / "pins";
  LeftoversTest() { std::filesystem::create_directories(pins); }
  ~LeftoversTest() override { std::filesystem::remove_all(root); }

  void pin(const std::string& path) {
    std::filesystem::create_directories((pins / path).parent_path());
    std::ofstream(pins / path) << "x";
  }
  Leftovers removed() { return remove_leftovers(pins).value(); }
};

TEST_F(LeftoversTest, OfTheDeadGoAndNothingElse) {
  pin("7/link-3-tc");
  pin("7/deeper/map");
  std::ofstream(root / "other") << "x";
  std::filesystem::create_directory_symlink(root, pins / "7/loop");
  EXPECT_EQ(removed().removed, (std::vector<std::string>{pins / "7/deeper/map",
                                                         pins / "7/link-3-tc", pins / "7/loop"}));
  EXPECT_TRUE(std::filesystem::is_empty(pins));
  EXPECT_TRUE(std::filesystem::exists(root / "other"));
}

TEST_F(LeftoversTest, OfALivingDaemonStay) {
  pin("7/link-3-tc");
  pin("8/link-4-tc");
  auto lock = lock_folder(pins / "8");
  ASSERT_TRUE(lock);
  Leftovers result = removed();
  EXPECT_EQ(result.removed, std::vector<std::string>{pins / "7/link-3-tc"});
  EXPECT_EQ(result.served, std::vector<std::string>{pins / "8"});
  EXPECT_TRUE(std::filesystem::exists(pins / "8/link-4-tc"));
}

TEST_F(LeftoversTest, NoFolderIsNothingToDoButAFileIsAnError) {
  EXPECT_EQ(remove_leftovers(root / "none").value().removed, std::vector<std::string>());
  std::ofstream(root / "file") << "x";
  EXPECT_FALSE(remove_leftovers(root / "file"));
}

TEST(Ask, WithoutADaemonSaysWhatToDo) {
  auto answer = ask("/nowhere/tnad.sock", "status", Json::object());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message,
            "no tnad answers at /nowhere/tnad.sock: is "
            "it running? systemctl status tnad");
  EXPECT_TRUE(no_daemon(answer.error()));
}

}  // namespace
}  // namespace tna
