# SPDX-License-Identifier: Apache-2.0
# Writes the file INPUT as `extern const unsigned char tna_object_NAME[]` and its size to OUTPUT.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT}
     "// Made by scripts/embed.cmake.\n#include <cstddef>\n"
     "extern const unsigned char tna_object_${NAME}[];\nextern const std::size_t tna_object_${NAME}_size;\n"
     "alignas(8) const unsigned char tna_object_${NAME}[] = {\n${bytes}\n};\n"
     "const std::size_t tna_object_${NAME}_size = sizeof tna_object_${NAME};\n")
