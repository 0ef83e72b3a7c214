// SPDX-License-Identifier: Apache-2.0
#include "topology/knowledge.h"

#include <algorithm>
#include <filesystem>

#include "topology/builtin_knowledge.h"
#include "topology/knowledge_check.h"
#include "topology/knowledge_rows.h"

namespace tna {
namespace {

Result<std::vector<std::string>> toml_files(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code problem;
  std::vector<std::string> files;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem))
    if (at->path().extension() == ".toml") files.push_back(at->path());
  if (problem == std::errc::no_such_file_or_directory) return files;
  if (problem) return error("read the folder " + folder + ": " + problem.message());
  std::ranges::sort(files);
  return files;
}

}  // namespace

const NodeRow* Knowledge::node(const std::string& kind, std::uint16_t hardware_type) const {
  const NodeRow* best = nullptr;
  for (const NodeRow& row : nodes) {
    if (row.kind != kind) continue;
    if (row.hardware_type == hardware_type) return &row;
    if (row.hardware_type == NodeRow::kAny) best = &row;
  }
  return best;
}

bool Knowledge::changes_by_itself(const std::string& of, std::uint16_t id) const {
  const auto rows = attributes.find(of);
  if (rows == attributes.end()) return false;
  const auto found = rows->second.find(id);
  return found != rows->second.end() &&
         std::ranges::all_of(found->second, &AttributeRow::changes_by_itself);
}

Result<Knowledge> parse_knowledge(std::span<const KnowledgeText> files) {
  KnowledgeRows rows;
  for (const KnowledgeText& file : files)
    for (const TomlEntry& entry : TRY(parse_toml(file.text, file.name)))
      TRY(read_table(entry, file.name, rows));
  TRY(check_names(rows));

  Knowledge result{std::move(rows.nodes),     {},
                   std::move(rows.relations), std::move(rows.implies),
                   std::move(rows.modules),   std::move(rows.blockers),
                   std::move(rows.notes)};
  for (AttributeRow& row : rows.attributes)
    result.attributes[row.of][row.id].push_back(std::move(row));
  std::ranges::stable_sort(result.modules, {},
                           [](const ModuleRow& row) { return std::pair(row.service, row.order); });
  return result;
}

Result<Knowledge> read_knowledge(const std::string& folder) {
  std::vector<KnowledgeText> files;
  for (const BuiltinKnowledge& file : builtin_knowledge())
    files.push_back({"knowledge/" + std::string(file.name), std::string(file.text)});
  for (const std::string& path : TRY(toml_files(folder)))
    files.push_back({path, TRY(read_file(path))});
  return parse_knowledge(files);
}

}  // namespace tna
