// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <algorithm>

namespace tna {

Table::Table(std::initializer_list<std::string> headings) {
  std::vector<std::string> cells;
  for (const std::string& heading : headings) {
    right_.push_back(heading.starts_with('>'));
    cells.push_back(heading.substr(right_.back() ? 1 : 0));
  }
  row(std::move(cells));
}

void Table::row(std::vector<std::string> cells) {
  rows_.push_back({std::move(cells), {}});
}

void Table::note(const std::string& line) {
  rows_.back().notes += "    " + line + '\n';
}

std::string Table::text() const {
  std::vector<std::size_t> widths(right_.size());
  for (const Row& row : rows_)
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], row.cells[i].size());

  std::string text;
  for (const Row& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string padding(widths[i] - row.cells[i].size(), ' ');
      line += (i ? "  " : "") + (right_[i] ? padding + row.cells[i] : row.cells[i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n' + row.notes;
  }
  return text;
}

}  // namespace tna
