// SPDX-License-Identifier: Apache-2.0
// Text in aligned columns.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace tna {

class Table {
 public:
  // A heading that starts with '>' stands right-aligned over such a column.
  explicit Table(std::initializer_list<std::string> headings);

  // One cell for each column.
  void row(std::vector<std::string> cells);

  // A line of its own under the last row.
  void note(const std::string& line);

  std::string text() const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::string notes;
  };
  std::vector<bool> right_;
  std::vector<Row> rows_;
};

}  // namespace tna
