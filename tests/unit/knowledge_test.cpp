// SPDX-License-Identifier: Apache-2.0
#include "topology/knowledge.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "unit/world.h"

namespace tna {
namespace {

// A small knowledge that the rows under test refer to.
const KnowledgeText kBase{"base.toml", R"(
[[node]]
kind = "bridge"
why = "its ports are meant"
[[node]]
kind = "veth"
hooks = ["tc"]
[[attribute]]
of = "bridge"
id = 7
name = "vlan_filtering"
type = "u8"
[[relation]]
by = "master"
slave_kind = "bridge"
name = "port of"
role = "bridge-port"
[[implies]]
on = "bridge-port"
service = "bridging"
because = "it is a port"
[[module]]
service = "bridging"
module = "fdb"
order = 50
because = "ports are found by MAC"
[[blocker]]
on = "bridge"
name = "vlan_filtering"
attribute = "vlan_filtering"
not_equals = 0
reason = "{name} filters"
)"};

Result<Knowledge> with(const std::string& text) {
  return parse_knowledge(std::vector{kBase, KnowledgeText{"x.toml", text}});
}

std::string error_of(const std::string& text) {
  const auto knowledge = with(text);
  return knowledge ? "no error" : knowledge.error().message;
}

TEST(Knowledge, BuiltinFilesAreInOrder) {
  const auto knowledge = read_knowledge("/nonexistent");
  ASSERT_TRUE(knowledge) << knowledge.error().message;
  const NodeRow* veth = knowledge->node("veth", 1);
  ASSERT_TRUE(veth);
  EXPECT_EQ(veth->hooks, (std::vector<std::string>{"tc", "xdp"}));
  EXPECT_EQ(knowledge->node("", 1)->type, "physical");
  EXPECT_EQ(knowledge->node("", 1)->hooks.front(), "xdp");
  EXPECT_EQ(knowledge->node("", 772)->type, "loopback");
  EXPECT_EQ(knowledge->node("", 32)->type, "other");
  EXPECT_EQ(knowledge->node("tun", 1)->type, "tap");
  EXPECT_TRUE(knowledge->node("tun", 65534)->hooks.empty());
  EXPECT_EQ(knowledge->node("nothing like it", 1), nullptr);
}

// As linux/if_link.h has them up to Linux 6.18: none forgotten.
TEST(Knowledge, EveryBridgeAttributeHasARow) {
  const Knowledge& knowledge = test::knowledge();
  for (std::uint16_t id = 1; id <= 49; ++id)
    EXPECT_TRUE(knowledge.attributes.at("bridge").contains(id)) << "IFLA_BR_ " << id;
  for (std::uint16_t id = 1; id <= 44; ++id)
    EXPECT_TRUE(knowledge.attributes.at("bridge-port").contains(id)) << "IFLA_BRPORT_ " << id;
}

TEST(Knowledge, TimersChangeByThemselves) {
  EXPECT_TRUE(test::knowledge().changes_by_itself("bridge", 16)) << "hello timer";
  EXPECT_TRUE(test::knowledge().changes_by_itself("bridge-port", 1)) << "port state";
  EXPECT_FALSE(test::knowledge().changes_by_itself("bridge", 7)) << "vlan_filtering";
  EXPECT_FALSE(test::knowledge().changes_by_itself("bridge", 200)) << "unknown";
  EXPECT_FALSE(test::knowledge().changes_by_itself("unknown", 1));
}

TEST(Knowledge, LaterFileAddsRows) {
  const auto knowledge = with(R"(
[[blocker]]
on = "bridge"
name = "another"
attribute = "vlan_filtering"
in = [2, 3]
reason = "r")");
  ASSERT_TRUE(knowledge) << knowledge.error().message;
  ASSERT_EQ(knowledge->blockers.size(), 2u);
  EXPECT_EQ(knowledge->blockers[1].when.is, Condition::Is::one_of);
  EXPECT_EQ(knowledge->blockers[1].when.values, (std::vector<AttributeValue>{2, 3}));
}

TEST(Knowledge, ADeviceThatXdpIsNotForHasAReason) {
  const auto knowledge = with("[[node]]\nkind = \"a\"\nhooks = [\"tc\"]\nwhy = \"of a\"\n");
  ASSERT_TRUE(knowledge) << knowledge.error().message;
  EXPECT_EQ(knowledge->node("a", 1)->why, "of a");
  EXPECT_EQ(knowledge->node("veth", 1)->why, "XDP does not suit a device of type veth");
}

TEST(Knowledge, LaterFileReplacesTheRowOfTheSameKey) {
  const auto knowledge = with("[[node]]\nkind = \"veth\"\nhooks = [\"xdp\"]\n");
  ASSERT_TRUE(knowledge) << knowledge.error().message;
  EXPECT_EQ(knowledge->nodes.size(), 2u);
  EXPECT_EQ(knowledge->node("veth", 1)->hooks, std::vector<std::string>{"xdp"});
}

TEST(Knowledge, LaterFileRemovesARow) {
  const auto knowledge =
      with("[[blocker]]\non = \"bridge\"\nname = \"vlan_filtering\"\nremove = true\n");
  ASSERT_TRUE(knowledge) << knowledge.error().message;
  EXPECT_TRUE(knowledge->blockers.empty());
}

TEST(Knowledge, ModulesAreSortedByPlace) {
  const auto knowledge = with(
      "[[module]]\nservice = \"bridging\"\nmodule = \"guards\"\norder = 10\nbecause = \"b\"\n");
  ASSERT_TRUE(knowledge) << knowledge.error().message;
  EXPECT_EQ(knowledge->modules.front().module, "guards");
}

struct Refused {
  const char *text, *message;
};

class KnowledgeError : public testing::TestWithParam<Refused> {};

TEST_P(KnowledgeError, NamesFileLineAndKey) {
  EXPECT_EQ(error_of(GetParam().text), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, KnowledgeError,
    testing::ValuesIn(std::vector<Refused>{
        {"[[blocked]]\non = \"any\"", "x.toml:1: blocked: unknown table"},
        {"node = 1", "x.toml:1: node: must be rows [[node]]"},
        {"[node]\nkind = \"a\"", "x.toml:1: node: must be rows [[node]]"},
        {"[[node]]\nkind = \"a\"\nhook = 1", "x.toml:3: node.hook: unknown key"},
        {"[[node]]\nwhy = \"w\"", "x.toml:1: node.kind: is missing"},
        {"[[node]]\nkind = 5", "x.toml:2: node.kind: must be a text in quotes"},
        {"[[node]]\nkind = \"a\"", "x.toml:1: node.why: is missing: there are no hooks"},
        {"[[node]]\nkind = \"\"\nwhy = \"w\"", "x.toml:1: node.type: is missing"},
        {"[[node]]\nkind = \"a\"\nhooks = [\"xpd\"]",
         "x.toml:3: node.hooks: must be one of \"xdp\", \"tc\", not \"xpd\""},
        {"[[node]]\nkind = \"a\"\nhooks = \"xdp\"",
         "x.toml:3: node.hooks: must be a list of texts"},
        {"[[node]]\nkind = \"a\"\nhardware_type = \"tin\"\nwhy = \"w\"",
         "x.toml:3: node.hardware_type: unknown word \"tin\""},
        {"[[attribute]]\nof = \"bridge\"\nname = \"a\"\nid = 70000\ntype = \"u8\"",
         "x.toml:4: attribute.id: must be from 0 to 65535"},
        {"[[attribute]]\nof = \"bridge\"\nname = \"a\"\nid = 7\ntype = \"u9\"",
         "x.toml:5: attribute.type: unknown word \"u9\""},
        {"[[attribute]]\nof = \"bridge\"\nname = \"a\"\nid = 7\ntype = \"bitfield\"",
         "x.toml:1: attribute.bit: is missing"},
        {"[[attribute]]\nof = \"bridge\"\nname = \"a\"\nid = 7\ntype = \"u8\"\nbit = 1",
         "x.toml:6: attribute.bit: is for bitfields"},
        {"[[attribute]]\nof = \"brige\"\nname = \"a\"\nid = 7\ntype = \"u8\"",
         "x.toml:2: attribute.of: unknown kind of device \"brige\""},
        {"[[attribute]]\nof = \"veth\"\nname = \"vlan_filtering\"\nid = 7\ntype = \"text\"",
         "x.toml:5: attribute.type: elsewhere \"vlan_filtering\" is a number"},
        {"[[attribute]]\nof = \"veth\"\nname = \"kind\"\nid = 7\ntype = \"text\"",
         "x.toml:3: attribute.name: every device has such a one"},
        {"[[relation]]\nby = \"slave\"\nname = \"a\"",
         "x.toml:2: relation.by: must be one of \"master\", \"lower\", not \"slave\""},
        {"[[relation]]\nby = \"lower\"\nkind = \"vlna\"\nname = \"a\"",
         "x.toml:3: relation.kind: unknown kind of device \"vlna\""},
        {"[[implies]]\non = \"bridge_port\"\nservice = \"s\"\nbecause = \"b\"",
         "x.toml:2: implies.on: unknown node type or role \"bridge_port\""},
        {"[[implies]]\non = \"any\"\nservice = \"s\"\nbecause = \"b\"\nwith = [\"adress\"]",
         "x.toml:5: implies.with: unknown attribute \"adress\""},
        {"[[module]]\nservice = \"bridgin\"\nmodule = \"fdb\"\norder = 1\nbecause = \"b\"",
         "x.toml:2: module.service: unknown service \"bridgin\""},
        {"[[module]]\nservice = \"bridging\"\nmodule = \"m\"\norder = 1\nbecause = \"b\"\nfact = "
         "\"f\"",
         "x.toml:6: module.fact: must be one of \"br_netfilter\", \"routed_bridge\", "
         "\"routed_vlans\", \"vlans_to_leave_by\", \"application\", not \"f\""},
        {"[[blocker]]\non = \"bridge\"\nname = \"n\"\nreason = \"r\"",
         "x.toml:1: blocker.attribute: is missing; or give incoming or unknown_attribute"},
        {"[[blocker]]\non = \"bridge\"\nname = \"n\"\nreason = \"r\"\nattribute = "
         "\"vlan_filterin\"",
         "x.toml:5: blocker.attribute: unknown attribute \"vlan_filterin\""},
        {"[[blocker]]\non = \"bridge\"\nname = \"n\"\nreason = \"r\"\nattribute = "
         "\"vlan_filtering\"\nequals = \"1\"",
         "x.toml:5: blocker.attribute: \"vlan_filtering\" is a number and is compared with "
         "something else"},
        {"[[blocker]]\non = \"bridge\"\nname = \"n\"\nreason = \"r\"\nattribute = "
         "\"vlan_filtering\"\nequals = 1\nin = [1]",
         "x.toml:7: blocker.in: one comparison is enough"},
        {"[[blocker]]\non = \"bridge\"\nname = \"n\"\nreason = \"r\"\nattribute = "
         "\"vlan_filtering\"\nin = 1",
         "x.toml:6: blocker.in: must be a list of numbers or texts"},
        {"[[blocker]]\non = \"bridge\"\nname = \"n\"\nreason = \"r\"\nincoming = \"port off\"",
         "x.toml:5: blocker.incoming: unknown relation \"port off\""},
        {"[[blocker]]\non = \"bridge\"\nname = \"n\"\nreason = \"r\"\nincoming = \"port of\"\nfrom "
         "= \"vth\"",
         "x.toml:6: blocker.from: unknown node type \"vth\""},
        {"[[blocker]]\non = \"bridge\"\nname = \"n\"\nreason = \"r\"\nunknown_attribute = "
         "true\nreach = \"ports\"",
         "x.toml:6: blocker.reach: unknown relation \"ports\""},
        {"[[note]]\non = \"bridg\"\nname = \"n\"\nreason = \"r\"\nunknown_attribute = true",
         "x.toml:2: note.on: unknown node type or role \"bridg\""},
        {"[[node]]\nkind = \"a\"\nwhy = \"w\"\n[[node]]\nkind = \"a\"\nwhy = \"v\"",
         "x.toml:4: node: says the same as the row in line 1"},
        {"[[node]]\nkind = \"a\"\nremove = true", "x.toml:3: node.remove: there is no such row"},
        // The rows that are left must still fit together: base.toml's blocker needs the attribute.
        {"[[attribute]]\nof = \"bridge\"\nname = \"vlan_filtering\"\nremove = true",
         "base.toml:30: blocker.attribute: unknown attribute \"vlan_filtering\""},
    }));

class KnowledgeFolder : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/tna-knowledge-XXXXXX";
    ASSERT_TRUE(mkdtemp(name));
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::string folder_;
};

TEST_F(KnowledgeFolder, FilesAreReadInTheOrderOfTheirNames) {
  write("20.toml", "[[node]]\nkind = \"veth\"\nwhy = \"second\"\n");
  write("10.toml", "[[node]]\nkind = \"veth\"\nwhy = \"first\"\n");
  write("30.toml.bak", "no knowledge");
  const auto knowledge = read_knowledge(folder_);
  ASSERT_TRUE(knowledge) << knowledge.error().message;
  EXPECT_EQ(knowledge->node("veth", 1)->why, "second");
}

TEST_F(KnowledgeFolder, ErrorNamesTheFile) {
  write("mine.toml", "\n[[node]]\nkind = 1\n");
  const auto knowledge = read_knowledge(folder_);
  ASSERT_FALSE(knowledge);
  EXPECT_EQ(knowledge.error().message,
            folder_ + "/mine.toml:3: node.kind: must be a text in quotes");
}

// One more blocker, without C++: from a file in the folder to the port that stays with Linux.
TEST_F(KnowledgeFolder, OneMoreBlockerNeedsNoCode) {
  write("locked.toml", R"(
[[blocker]]
on = "bridge-port"
name = "locked"
attribute = "port.locked"
equals = 1
reason = "{name} is locked"
)");
  const auto knowledge = read_knowledge(folder_);
  ASSERT_TRUE(knowledge) << knowledge.error().message;
  const Graph graph =
      build(test::world("bridge br0 \n port eth0 br0 locked=1 \n port eth1 br0"), *knowledge);
  EXPECT_EQ(graph.find("eth0")->blockers, (std::vector<Blocker>{{"locked", "eth0 is locked"}}));
  EXPECT_TRUE(graph.find("eth1")->blockers.empty());
}

}  // namespace
}  // namespace tna
