// SPDX-License-Identifier: Apache-2.0
#include "topology/knowledge_check.h"

#include <map>
#include <set>
#include <string>

#include "topology/attributes.h"

namespace tna {
namespace {

enum class Form { number, text };

struct Names {
  std::set<std::string> kinds{""}, types, subjects{"any"};  // subjects: what `on` may be
  std::set<std::string> attribute_sets{"ipv4", "ipv6"}, relations, services;
  std::map<std::string, Form> attributes;
};

Form form(AttributeRow::Type type) {
  using enum AttributeRow::Type;
  return type == text || type == mac || type == bridge_id ? Form::text : Form::number;
}

Names given_names(const KnowledgeRows& rows) {
  Names names;
  for (const NodeRow& row : rows.nodes) {
    names.kinds.insert(row.kind);
    names.types.insert(row.type);
    names.subjects.insert(row.type);
    names.attribute_sets.insert({row.kind, row.kind + "-port"});
  }
  for (const RelationRow& row : rows.relations) {
    names.relations.insert(row.name);
    if (!row.role.empty()) names.subjects.insert(row.role);
  }
  for (const ImpliesRow& row : rows.implies) names.services.insert(row.service);
  for (const CommonAttribute& row : common_attributes())
    names.attributes.emplace(row.name, row.text ? Form::text : Form::number);
  return names;
}

// One name may stand for attributes of several kinds of devices, but then for the same form.
Result<> add_attribute(Names& names, const AttributeRow& row) {
  if (!names.attribute_sets.contains(row.of))
    return row.origin.error("of", "unknown kind of device \"" + row.of + "\"");
  for (const CommonAttribute& common : common_attributes())
    if (common.name == row.name) return row.origin.error("name", "every device has such a one");
  if (row.type == AttributeRow::Type::opaque) return {};
  const auto [at, added] = names.attributes.try_emplace(row.name, form(row.type));
  if (!added && at->second != form(row.type))
    return row.origin.error("type", "elsewhere \"" + row.name + "\" is a " +
                                        (at->second == Form::text ? "text" : "number"));
  return {};
}

Result<> check(const std::set<std::string>& known, const std::string& name, const Origin& origin,
               const std::string& key, const std::string& what) {
  if (name.empty() || known.contains(name)) return {};
  return origin.error(key, "unknown " + what + " \"" + name + "\"");
}

Result<> check_attribute(const Names& names, const std::string& name, const Origin& origin,
                         const std::string& key) {
  if (name.empty() || names.attributes.contains(name)) return {};
  return origin.error(key, "unknown attribute \"" + name + "\"");
}

Result<> check_condition(const Names& names, const Condition& condition, const Origin& origin) {
  TRY(check_attribute(names, condition.attribute, origin, "attribute"));
  if (condition.attribute.empty()) return {};
  const Form form = names.attributes.at(condition.attribute);
  for (const AttributeValue& value : condition.values)
    if (std::holds_alternative<std::string>(value) != (form == Form::text))
      return origin.error("attribute", "\"" + condition.attribute + "\" is a " +
                                           (form == Form::text ? "text" : "number") +
                                           " and is compared with something else");
  return {};
}

Result<> check_blocker(const Names& names, const BlockerRow& row) {
  TRY(check(names.subjects, row.on, row.origin, "on", "node type or role"));
  TRY(check_condition(names, row.when, row.origin));
  TRY(check(names.relations, row.incoming, row.origin, "incoming", "relation"));
  TRY(check(names.types, row.from, row.origin, "from", "node type"));
  return check(names.relations, row.reach, row.origin, "reach", "relation");
}

}  // namespace

Result<> check_names(const KnowledgeRows& rows) {
  Names names = given_names(rows);
  for (const AttributeRow& row : rows.attributes) TRY(add_attribute(names, row));
  for (const RelationRow& row : rows.relations) {
    TRY(check(names.kinds, row.kind, row.origin, "kind", "kind of device"));
    TRY(check(names.kinds, row.slave_kind, row.origin, "slave_kind", "kind of device"));
  }
  for (const ImpliesRow& row : rows.implies) {
    TRY(check(names.subjects, row.on, row.origin, "on", "node type or role"));
    for (const std::string& name : row.not_on)
      TRY(check(names.subjects, name, row.origin, "not_on", "node type or role"));
    for (const std::string& name : row.with) TRY(check_attribute(names, name, row.origin, "with"));
    TRY(check(names.relations, row.incoming, row.origin, "incoming", "relation"));
    TRY(check(names.types, row.from, row.origin, "from", "node type"));
  }
  for (const ModuleRow& row : rows.modules) {
    TRY(check(names.services, row.service, row.origin, "service", "service"));
    TRY(check_condition(names, row.when, row.origin));
    TRY(check(names.relations, row.of, row.origin, "of", "relation"));
    TRY(check(names.relations, row.any, row.origin, "any", "relation"));
  }
  for (const BlockerRow& row : rows.blockers) TRY(check_blocker(names, row));
  for (const BlockerRow& row : rows.notes) TRY(check_blocker(names, row));
  return {};
}

}  // namespace tna
