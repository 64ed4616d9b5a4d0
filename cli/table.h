// Columns of text, each as wide as it must be.
#pragma once

#include "cli/terminal.h"

#include <string>
#include <vector>

namespace pawl::cli {

class Table {
 public:
  struct Cell {
    std::string text;
    Style style = Style::kPlain;
  };

  explicit Table(std::vector<std::string> headings);
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() == 1; }

  // One line per row; the last column is cut where the terminal ends.
  std::string text(const Terminal& terminal) const;

 private:
  std::vector<std::vector<Cell>> rows_;  // the first: headings
};

}  // namespace pawl::cli
