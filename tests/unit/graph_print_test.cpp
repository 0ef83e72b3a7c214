// SPDX-License-Identifier: Apache-2.0
#include "topology/graph_print.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/world.h"

namespace tna {
namespace {

constexpr const char* kWorld = R"(
    link lo hardware=772
    bridge br0
    port eth0 br0
    port veth0 br0 kind=veth up=0
    link veth1 kind=veth lower=veth0
    link br0.10 kind=vlan lower=br0
    address br0 192.0.2.1/24
    address lo 127.0.0.1/8
    qdisc veth0 clsact
    filter veth0 ingress
    qdisc eth0 tbf)";

int count(const std::string& text, const std::string& what) {
  int n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++n;
  return n;
}

TEST(GraphPrint, Text) {
  EXPECT_EQ(print_text(test::graph(kWorld), {{3, "xdp, 5 modules"}}),
            R"(lo  loopback  127.0.0.1/8  [local delivery]
br0  bridge  192.0.2.1/24  [local delivery]
├─ eth0  physical, port of br0  [bridging]  xdp, 5 modules
│      note: frames to eth0 stay with Linux: its queueing discipline tbf shapes or sorts
├─ veth0  veth, port of br0, peer of veth1, down  [bridging]
│      left to Linux: 1 tc filters look at what veth0 receives
└─ br0.10  vlan, on top of br0
veth1  veth
)");
}

TEST(GraphPrint, TextShowsADeviceWithTwoParentsOnce) {
  const std::string text = print_text(test::graph(R"(
    bridge br0
    bridge br1
    port eth0 br0
    link eth0.5 kind=vlan lower=eth0 master=br1 slave_kind=bridge
    link top kind=vlan lower=eth0.5)"));
  EXPECT_EQ(text, R"(br0  bridge
└─ eth0  physical, port of br0  [bridging]
   │   note: frames of its VLAN that eth0 receives stay with Linux: the VLAN device eth0.5 takes them
   └─ eth0.5  vlan, on top of eth0  [bridging]
      │   note: frames of its VLAN that eth0.5 receives stay with Linux: the VLAN device top takes them
      └─ top  vlan, on top of eth0.5
br1  bridge
└─ eth0.5  vlan, port of br1  [bridging]  (see above)
)");
}

TEST(GraphPrint, CirclesEnd) {
  Store store = test::world("link a kind=vlan \n link b kind=vlan lower=a");
  store.links.at(1).lower = 2;
  const Graph graph = build(store, test::knowledge());
  EXPECT_EQ(print_text(graph),
            "a  vlan\n└─ b  vlan, on top of a\n   └─ a  vlan, on top of b  (see above)\n");
  EXPECT_EQ(count(print_svg(graph), "class=\"name\""), 2);
}

TEST(GraphPrint, Dot) {
  const std::string dot = print_dot(test::graph(kWorld), {{3, "xdp, 5 modules"}});
  EXPECT_TRUE(dot.starts_with("digraph tna {\n"));
  EXPECT_TRUE(dot.ends_with("}\n"));
  EXPECT_NE(
      dot.find(
          "n3 [label=\"eth0\\nphysical\\n[bridging]\\nxdp, 5 modules\", fillcolor=\"#d9f2df\"]"),
      std::string::npos)
      << dot;
  EXPECT_NE(dot.find("n4 [label=\"veth0\\nveth\\n[bridging]\\nleft to Linux: tc_ingress\", "
                     "fillcolor=\"#fde9c8\"]"),
            std::string::npos)
      << dot;
  EXPECT_NE(dot.find("n2 -> n3 [label=\"port of\", dir=back];"), std::string::npos) << dot;
  EXPECT_NE(dot.find("n6 -> n2 [label=\"on top of\"];"), std::string::npos) << dot;
}

TEST(GraphPrint, DotDrawsPeersOnce) {
  Store store = test::world("link a kind=veth \n link b kind=veth lower=a");
  store.links.at(1).lower = 2;
  EXPECT_EQ(count(print_dot(build(store, test::knowledge())), "peer of"), 1);
}

TEST(GraphPrint, NamesOfInterfacesAreQuoted) {
  const Graph graph = test::graph("link a\"<&>\\ \n link \xff\x01");
  EXPECT_NE(print_dot(graph).find("label=\"a\\\"<&>\\\\\\nphysical\""), std::string::npos)
      << print_dot(graph);
  const std::string svg = print_svg(graph);
  EXPECT_NE(svg.find(">a&quot;&lt;&amp;&gt;\\</text>"), std::string::npos) << svg;
  EXPECT_NE(svg.find(">\uFFFD?</text>"), std::string::npos) << svg;
  EXPECT_NE(print_text(graph).find("\uFFFD?  physical"), std::string::npos);
}

TEST(GraphPrint, Json) {
  const nlohmann::json json = print_json(test::graph(kWorld), {{3, "xdp, 5 modules"}});
  ASSERT_EQ(json["nodes"].size(), 6u);
  const nlohmann::json& eth0 = json["nodes"][2];
  EXPECT_EQ(eth0["name"], "eth0");
  EXPECT_EQ(eth0["ifindex"], 3);
  EXPECT_EQ(eth0["running"], "xdp, 5 modules");
  EXPECT_EQ(eth0["mac"], "02:00:00:00:00:03");
  EXPECT_EQ(eth0["attributes"]["qdisc.root"], "tbf");
  EXPECT_EQ(eth0["attributes"]["tc.ingress_filters"], 0);
  EXPECT_EQ(eth0["services"][0]["name"], "bridging");
  EXPECT_EQ(eth0["modules"][0]["name"], "guards");
  EXPECT_EQ(eth0["notes"][0]["name"], "qdisc");
  EXPECT_EQ(json["nodes"][3]["blockers"][0]["name"], "tc_ingress");
  EXPECT_FALSE(json["nodes"][3].contains("running"));
  EXPECT_NE(
      std::ranges::find(json["edges"],
                        nlohmann::json{{"from", "eth0"}, {"to", "br0"}, {"relation", "port of"}}),
      json["edges"].end());
}

TEST(GraphPrint, SvgHasABoxForEveryNodeAndALineForEveryEdge) {
  const Graph graph = test::graph(kWorld);
  const std::string svg = print_svg(graph, {{3, "xdp, 5 modules"}});
  EXPECT_EQ(count(svg, "class=\"name\""), 6);
  EXPECT_EQ(count(svg, "<path "), 3) << "veth1 is told of its peer, not the other way round";
  EXPECT_EQ(count(svg, "class=\"fast\""), 1);
  EXPECT_EQ(count(svg, "class=\"slow down\""), 1);
  EXPECT_NE(svg.find(">xdp, 5 modules</text>"), std::string::npos);
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

// The y of the name of a box.
int height_of(const std::string& svg, const std::string& name) {
  const std::size_t at = svg.rfind(" y=\"", svg.find(">" + name + "</text>"));
  return std::stoi(svg.substr(at + 4));
}

TEST(GraphPrint, SvgPutsTheUpperAboveTheLower) {
  const std::string svg = print_svg(test::graph(kWorld));
  EXPECT_LT(height_of(svg, "br0.10"), height_of(svg, "br0"));
  EXPECT_LT(height_of(svg, "br0"), height_of(svg, "eth0"));
  EXPECT_EQ(height_of(svg, "eth0"), height_of(svg, "veth0"));
}

TEST(GraphPrint, SvgBreaksLongLayers) {
  std::string text = "bridge br0\n";
  for (int i = 0; i < 200; ++i) text += "port p" + std::to_string(i) + " br0\n";
  const std::string svg = print_svg(test::graph(text));
  EXPECT_LT(height_of(svg, "p0"), height_of(svg, "p199"));
  const std::size_t at = svg.find(" width=\"") + 8;
  EXPECT_LT(std::stoi(svg.substr(at)), 2100);
}

TEST(GraphPrint, EmptyGraph) {
  EXPECT_EQ(print_text({}), "");
  EXPECT_TRUE(print_svg({}).starts_with("<svg "));
  EXPECT_EQ(print_json({}).dump(), "{\"edges\":[],\"nodes\":[]}");
}

}  // namespace
}  // namespace tna
