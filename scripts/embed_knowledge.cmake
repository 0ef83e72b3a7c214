# SPDX-License-Identifier: Apache-2.0
# Writes the knowledge files INPUTS as an array of {name, text} to OUTPUT; see src/topology/knowledge.h.
set(text "// Made by scripts/embed_knowledge.cmake.\n#include \"topology/builtin_knowledge.h\"\n\nnamespace tna {\nconst std::span<const BuiltinKnowledge> builtin_knowledge() {\n  static constexpr BuiltinKnowledge files[] = {\n")
foreach(file IN LISTS INPUTS)
  get_filename_component(name ${file} NAME)
  file(READ ${file} content)
  string(APPEND text "      {\"${name}\", R\"TNA_TOML(${content})TNA_TOML\"},\n")
endforeach()
string(APPEND text "  };\n  return files;\n}\n}  // namespace tna\n")
file(WRITE ${OUTPUT} "${text}")
