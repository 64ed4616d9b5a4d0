#include "cli/table.h"

#include <algorithm>

namespace pawl::cli {
namespace {

// Characters, not bytes: what a terminal counts (but for wide ones).
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

Table::Table(std::vector<std::string> headings) {
  std::vector<Cell> row;
  for (std::string& heading : headings) row.push_back({std::move(heading), Style::kDim});
  rows_.push_back(std::move(row));
}

std::string Table::text(const Terminal& terminal) const {
  constexpr std::size_t kGap = 2;
  constexpr std::size_t kNarrowest = 20;
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i].text));
  }
  std::size_t used = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) used += widths[i] + kGap;
  const auto columns = static_cast<std::size_t>(terminal.columns());
  const std::size_t left = columns > used + kNarrowest ? columns - used : kNarrowest;

  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      const std::string cell = last && terminal.interactive() && width(row[i].text) > left
                                   ? one_line(row[i].text, left - 3)
                                   : row[i].text;
      line += terminal.paint(row[i].style, cell);
      if (!last) line.append(widths[i] - width(cell) + kGap, ' ');
    }
    text += line.erase(line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace pawl::cli
