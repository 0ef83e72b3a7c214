// SPDX-License-Identifier: Apache-2.0
#include "topology/graph_print.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace tna {
namespace {

using nlohmann::json;

std::string note_of(const GraphNotes& notes, IfIndex ifindex) {
  const auto found = notes.find(ifindex);
  return found == notes.end() ? "" : found->second;
}

std::string join(const std::string& before, const std::string& separator, const std::string& what) {
  return what.empty() ? before : before + separator + what;
}

std::string services(const Node& node) {
  std::string all;
  for (const Service& service : node.services) all += (all.empty() ? "" : ", ") + service.name;
  return all.empty() ? "" : "[" + all + "]";
}

// --- text
// -----------------------------------------------------------------------------------------

// A tree of what belongs to or stands on what. A node with two parents is shown in full beneath the
// first.
class TextTree {
 public:
  TextTree(const Graph& graph, const GraphNotes& notes) : graph_(graph), notes_(notes) {
    for (const Edge& edge : graph.edges) {
      (edge.stands == "beside" ? beside_ : children_)[edge.to].push_back(&edge);
      if (edge.stands != "beside") has_parent_.insert(edge.from);
    }
  }

  std::string print() {
    for (const auto& [ifindex, node] : graph_.nodes)
      if (!has_parent_.contains(ifindex)) add(node, "", "", "");
    for (const auto& [ifindex, node] : graph_.nodes)
      if (!shown_.contains(ifindex)) add(node, "", "", "");  // on each other in a circle
    return text_;
  }

 private:
  void add(const Node& node, const std::string& first, const std::string& rest,
           const std::string& relation) {
    const bool again = !shown_.insert(node.ifindex).second;
    text_ += first + heading(node, relation) + (again ? "  (see above)\n" : "\n");
    if (again) return;
    const auto& below = children_[node.ifindex];
    const std::string margin = rest + (below.empty() ? "    " : "│   ");
    for (const Blocker& blocker : node.blockers)
      text_ += margin + "left to Linux: " + printable(blocker.reason) + "\n";
    for (const Note& note : node.notes) text_ += margin + "note: " + printable(note.text) + "\n";
    for (const Edge* edge : below) {
      const bool last = edge == below.back();
      const std::string to_parent = edge->relation + " " + printable(node.name);
      add(graph_.nodes.at(edge->from), rest + (last ? "└─ " : "├─ "), rest + (last ? "   " : "│  "),
          to_parent);
    }
  }

  std::string heading(const Node& node, const std::string& relation) {
    std::string line = printable(node.name) + "  " + printable(node.type);
    line = join(line, ", ", relation);
    for (const Edge* edge : beside_[node.ifindex])
      line += ", " + edge->relation + " " + printable(graph_.nodes.at(edge->from).name);
    line = join(line, ", ", node.up ? "" : "down");
    line = join(line, "  ", node.text("address"));
    line = join(line, "  ", services(node));
    return join(line, "  ", printable(note_of(notes_, node.ifindex)));
  }

  const Graph& graph_;
  const GraphNotes& notes_;
  std::map<IfIndex, std::vector<const Edge*>> children_, beside_;  // by Edge::to
  std::set<IfIndex> has_parent_, shown_;
  std::string text_;
};

// --- DOT
// ------------------------------------------------------------------------------------------

// JSON's way to quote is one that DOT understands.
std::string in_quotes(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string dot_node(const Node& node, const std::string& note) {
  std::string label = join(node.name, "\n", node.type);
  label = join(label, "\n", node.text("address"));
  label = join(label, "\n", services(node));
  label = join(label, "\n", note);
  for (const Blocker& blocker : node.blockers) label += "\nleft to Linux: " + blocker.name;
  const std::string colour =
      node.blockers.empty() ? note.empty() ? "#f4f4f4" : "#d9f2df" : "#fde9c8";
  return "  n" + std::to_string(node.ifindex) + " [label=" + in_quotes(label) + ", fillcolor=\"" +
         colour + "\"];\n";
}

// The upper one is named first in DOT, whichever way the relation points.
std::string dot_edge(const Edge& edge) {
  const bool up = edge.stands == "above";
  const std::string style = edge.stands == "beside" ? ", dir=none, style=dashed, constraint=false"
                            : up                    ? ""
                                                    : ", dir=back";
  return "  n" + std::to_string(up ? edge.from : edge.to) + " -> n" +
         std::to_string(up ? edge.to : edge.from) + " [label=" + in_quotes(edge.relation) + style +
         "];\n";
}

// --- JSON
// -----------------------------------------------------------------------------------------

json json_of(const std::map<std::string, AttributeValue>& attributes) {
  json result = json::object();
  for (const auto& [name, value] : attributes)
    std::visit([&, &key = name](const auto& v) { result[key] = v; }, value);
  return result;
}

json json_of(const Node& node, const std::string& note) {
  json result{{"ifindex", node.ifindex},
              {"name", node.name},
              {"type", node.type},
              {"up", node.up},
              {"mac", to_string(node.address)},
              {"mtu", node.mtu},
              {"roles", node.roles},
              {"hooks", node.hooks},
              {"attributes", json_of(node.attributes)},
              {"services", json::array()},
              {"modules", json::array()},
              {"blockers", json::array()},
              {"notes", json::array()}};
  if (!node.why.empty()) result["why"] = node.why;
  if (!note.empty()) result["running"] = note;
  for (const Service& s : node.services)
    result["services"].push_back({{"name", s.name}, {"because", s.because}});
  for (const ModuleUse& m : node.modules)
    result["modules"].push_back({{"name", m.name}, {"service", m.service}, {"because", m.because}});
  for (const Blocker& b : node.blockers)
    result["blockers"].push_back({{"name", b.name}, {"reason", b.reason}});
  for (const Note& n : node.notes) result["notes"].push_back({{"name", n.name}, {"text", n.text}});
  return result;
}

}  // namespace

std::string printable(const std::string& text) {
  const auto replace = json::error_handler_t::replace;
  std::string valid = json::parse(json(text).dump(-1, ' ', false, replace)).get<std::string>();
  std::ranges::replace_if(
      valid, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return valid;
}

std::string print_text(const Graph& graph, const GraphNotes& notes) {
  return TextTree(graph, notes).print();
}

std::string print_dot(const Graph& graph, const GraphNotes& notes) {
  std::string text =
      "digraph tna {\n"
      "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n"
      "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  for (const auto& [ifindex, node] : graph.nodes) text += dot_node(node, note_of(notes, ifindex));
  for (const Edge& edge : graph.edges)
    // Peers point to each other: one line is enough.
    if (edge.stands != "beside" || edge.from < edge.to) text += dot_edge(edge);
  return text + "}\n";
}

json print_json(const Graph& graph, const GraphNotes& notes) {
  json nodes = json::array(), edges = json::array();
  for (const auto& [ifindex, node] : graph.nodes)
    nodes.push_back(json_of(node, note_of(notes, ifindex)));
  for (const Edge& edge : graph.edges)
    edges.push_back({{"from", graph.nodes.at(edge.from).name},
                     {"to", graph.nodes.at(edge.to).name},
                     {"relation", edge.relation}});
  return {{"nodes", nodes}, {"edges", edges}};
}

}  // namespace tna
