// SPDX-License-Identifier: Apache-2.0
// Walks the tables of knowledge over the objects of the store; knows no kind of device by name.
#include "topology/graph.h"

#include <linux/if.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "topology/attributes.h"

namespace tna {
namespace {

struct Placeholders {
  std::string name, value, other;
};

// The row's words with {name}, {value} and {other} filled in.
std::string sentence(const std::string& text, const Placeholders& with) {
  const std::pair<std::string_view, const std::string&> fillers[] = {
      {"{name}", with.name}, {"{value}", with.value}, {"{other}", with.other}};
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto filler = std::ranges::find_if(
        fillers, [&](const auto& f) { return text.compare(at, f.first.size(), f.first) == 0; });
    const bool found = filler != std::end(fillers);
    result += found ? filler->second : text.substr(at, 1);
    at += found ? filler->first.size() : 1;
  }
  return result;
}

std::string to_text(const AttributeValue& value) {
  if (auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return std::get<std::string>(value);
}

bool is_set(const Node& node, const std::string& attribute) {
  const auto found = node.attributes.find(attribute);
  return found != node.attributes.end() && found->second != AttributeValue(std::int64_t{0});
}

bool fulfils(const Node& node, const Condition& condition) {
  if (condition.attribute.empty()) return true;
  if (condition.is == Condition::Is::set) return is_set(node, condition.attribute);
  const auto found = node.attributes.find(condition.attribute);
  if (found == node.attributes.end()) return false;
  const bool among = std::ranges::find(condition.values, found->second) != condition.values.end();
  return among == (condition.is == Condition::Is::one_of);
}

class Builder {
 public:
  Builder(const Store& store, const Knowledge& knowledge) : store_(store), knowledge_(knowledge) {}

  Graph build() {
    for (const auto& [ifindex, link] : store_.links) graph_.nodes.emplace(ifindex, node(link));
    for (const auto& [ifindex, link] : store_.links) {
      relate(link, "master", link.master);
      if (!link.lower_netnsid)
        relate(link, "lower", link.lower);  // else another namespace's number
    }
    std::ranges::sort(graph_.edges);
    graph_.routes = route_facts(store_.routes);
    for (const bool from_others : {false, true})
      for (auto& [ifindex, node] : graph_.nodes) find_services(node, from_others);
    for (const ModuleRow& row : knowledge_.modules) find_modules(row);
    for (auto& [ifindex, node] : graph_.nodes)
      std::ranges::stable_sort(node.modules, {}, &ModuleUse::order);
    for (const BlockerRow& row : knowledge_.blockers) find_blockers(row);
    for (const BlockerRow& row : knowledge_.notes) find_notes(row);
    return std::move(graph_);
  }

 private:
  Node node(const Link& link) const {
    Node node{.ifindex = link.ifindex,
              .name = link.name,
              .type = link.kind.empty() ? "other" : link.kind,
              .up = (link.flags & IFF_UP) != 0,
              .address = link.address,
              .mtu = link.mtu,
              .why = "TNA does not know this kind of device",
              .attributes = attributes_of(store_, link, knowledge_)};
    if (const NodeRow* row = knowledge_.node(link.kind, link.hardware_type)) {
      node.type = row->type;
      node.hooks = row->hooks;
      node.why = row->why;
    }
    return node;
  }

  const RelationRow* best_relation(const Link& link, const std::string& by) const {
    const RelationRow* best = nullptr;
    const auto detail = [](const RelationRow& row) {
      return !row.kind.empty() + !row.slave_kind.empty();
    };
    for (const RelationRow& row : knowledge_.relations) {
      const bool fits = row.by == by && (row.kind.empty() || row.kind == link.kind) &&
                        (row.slave_kind.empty() || row.slave_kind == link.slave_kind);
      if (fits && (!best || detail(row) > detail(*best))) best = &row;
    }
    return best;
  }

  void relate(const Link& link, const std::string& by, IfIndex to) {
    if (to == link.ifindex || !graph_.nodes.contains(to)) return;
    const RelationRow* row = best_relation(link, by);
    if (!row) return;
    graph_.edges.push_back({link.ifindex, to, row->name, row->stands});
    incoming_[{to, row->name}].push_back(link.ifindex);
    if (!row->role.empty()) graph_.nodes.at(link.ifindex).roles.push_back(row->role);
  }

  const std::vector<IfIndex>& incoming(IfIndex to, const std::string& relation) const {
    static const std::vector<IfIndex> kNone;
    const auto found = incoming_.find({to, relation});
    return found == incoming_.end() ? kNone : found->second;
  }

  // What others serve that have the row's relation to the node: known once they have been asked.
  bool others_serve(const Node& node, const ImpliesRow& row) const {
    return std::ranges::any_of(incoming(node.ifindex, row.incoming), [&](IfIndex from) {
      const Node& other = graph_.nodes.at(from);
      return (row.from.empty() || row.from == other.type) && other.serves(row.service);
    });
  }

  void find_services(Node& node, bool from_others) const {
    for (const ImpliesRow& row : knowledge_.implies)
      if (from_others != row.incoming.empty() && node.is(row.on) && !node.serves(row.service) &&
          std::ranges::none_of(row.not_on, [&](const auto& name) { return node.is(name); }) &&
          std::ranges::all_of(row.with, [&](const auto& name) { return is_set(node, name); }) &&
          (!from_others || others_serve(node, row)))
        node.services.push_back({row.service, row.because});
  }

  // The other ends of a relation where the row's condition is fulfilled: by that end itself (`of`),
  // or by one node, which is enough for all that stand where it stands (`any`).
  std::set<IfIndex> places(const ModuleRow& row) const {
    std::set<IfIndex> found;
    for (const Edge& edge : graph_.edges) {
      const bool of = edge.relation == row.of, any = edge.relation == row.any;
      if ((of && fulfils(graph_.nodes.at(edge.to), row.when)) ||
          (any && fulfils(graph_.nodes.at(edge.from), row.when)))
        found.insert(edge.to);
    }
    return found;
  }

  void find_modules(const ModuleRow& row) {
    const std::string& relation = row.of.empty() ? row.any : row.of;
    const std::set<IfIndex> fulfilled = places(row);
    for (auto& [ifindex, node] : graph_.nodes) {
      if (!node.serves(row.service)) continue;
      const auto known = std::ranges::find(node.modules, row.module, &ModuleUse::name);
      // Two services may need it, one of them only while some fact is so.
      if (known != node.modules.end() && (known->fact.empty() || !row.fact.empty())) continue;
      const Node* to = relation.empty() ? nullptr : graph_.related(ifindex, relation);
      const bool wanted =
          relation.empty() ? fulfils(node, row.when) : to && fulfilled.contains(to->ifindex);
      if (!wanted) continue;
      const ModuleUse use{row.module, row.order, row.service, row.fact, row.because};
      if (known != node.modules.end())
        *known = use;
      else
        node.modules.push_back(use);
    }
  }

  // What the row has to say of that node: nothing, one sentence, or one for each incoming relation.
  std::vector<std::string> findings(const BlockerRow& row, const Node& node) const {
    if (!node.is(row.on) || !fulfils(node, row.when)) return {};
    Placeholders with{node.name, "", ""};
    if (!row.when.attribute.empty()) with.value = to_text(node.attributes.at(row.when.attribute));
    if (row.unknown_attribute) {
      const auto unknown = unknown_attributes(store_.links.at(node.ifindex), knowledge_);
      if (unknown.empty()) return {};
      with.value = "";
      for (const std::string& name : unknown) with.value += (with.value.empty() ? "" : ", ") + name;
    }
    if (row.incoming.empty()) return {sentence(row.reason, with)};
    std::vector<std::string> all;
    for (IfIndex from : incoming(node.ifindex, row.incoming)) {
      const Node& other = graph_.nodes.at(from);
      if (!row.from.empty() && row.from != other.type) continue;
      with.other = other.name;
      all.push_back(sentence(row.reason, with));
    }
    return all;
  }

  void find_blockers(const BlockerRow& row) {
    for (auto& [ifindex, node] : graph_.nodes)
      for (const std::string& reason : findings(row, node)) {
        node.blockers.push_back({row.name, reason});
        for (IfIndex reached : incoming(ifindex, row.reach))
          graph_.nodes.at(reached).blockers.push_back({row.name, reason});
      }
  }

  void find_notes(const BlockerRow& row) {
    for (auto& [ifindex, node] : graph_.nodes)
      for (const std::string& text : findings(row, node)) {
        node.notes.push_back({row.name, text});
        for (IfIndex reached : incoming(ifindex, row.reach))
          graph_.nodes.at(reached).notes.push_back({row.name, text});
      }
  }

  const Store& store_;
  const Knowledge& knowledge_;
  Graph graph_;
  std::map<std::pair<IfIndex, std::string>, std::vector<IfIndex>> incoming_;  // by `to`, relation
};

}  // namespace

std::int64_t Node::number(const std::string& attribute) const {
  const auto found = attributes.find(attribute);
  if (found == attributes.end()) return 0;
  const auto* value = std::get_if<std::int64_t>(&found->second);
  return value ? *value : 0;
}

std::string Node::text(const std::string& attribute) const {
  const auto found = attributes.find(attribute);
  if (found == attributes.end()) return "";
  const auto* value = std::get_if<std::string>(&found->second);
  return value ? *value : "";
}

bool Node::serves(const std::string& service) const {
  return std::ranges::find(services, service, &Service::name) != services.end();
}

bool Node::is(const std::string& type_or_role) const {
  return type_or_role == "any" || type_or_role == type ||
         std::ranges::find(roles, type_or_role) != roles.end();
}

const Node* Graph::find(IfIndex ifindex) const {
  const auto found = nodes.find(ifindex);
  return found == nodes.end() ? nullptr : &found->second;
}

const Node* Graph::find(const std::string& name) const {
  const auto found = std::ranges::find(nodes, name, [](const auto& n) { return n.second.name; });
  return found == nodes.end() ? nullptr : &found->second;
}

const Node* Graph::related(IfIndex from, const std::string& relation) const {
  auto at = std::ranges::lower_bound(edges, from, {}, &Edge::from);
  for (; at != edges.end() && at->from == from; ++at)
    if (at->relation == relation) return find(at->to);
  return nullptr;
}

Graph build(const Store& store, const Knowledge& knowledge) {
  return Builder(store, knowledge).build();
}

}  // namespace tna
