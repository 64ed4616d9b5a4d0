// ItemParser: the items of a distributed Map, from the bytes of an object as they come.
//
// Pushed, not pulled: an object of gigabytes goes through in pieces, and only the item under way is
// held. Pure: no I/O, no suspension (but a sink may suspend).
//
// Source: developer guide, "ItemReader (Map)"; `asl-facts` section 11.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::engine {

// One item (docs/limits.md): as JSON it must fit into an execution's input, so this is generous.
inline constexpr std::size_t kItemBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kCsvHeaderBytesMax = 10 * 1024;  // the service's

struct RawItem {
  std::optional<std::string> key;  // of an object's member: $$.Map.Item.Key
  std::string json;                // compact, valid
};

// Takes an item. False: enough, no more are wanted.
using ItemSink = std::function<bool(RawItem)>;

class ItemParser {
 public:
  virtual ~ItemParser() = default;
  // Takes the next bytes and gives the items that are complete. kInvalid: the message is the cause
  // of States.ItemReaderFailed. After a sink said enough, further calls do nothing.
  virtual Status feed(std::string_view bytes, const ItemSink& sink) = 0;
  // No more bytes come.
  virtual Status finish(const ItemSink& sink) = 0;
};

struct CsvOptions {
  char delimiter = ',';
  std::optional<std::vector<std::string>> headers;  // absent: the first row
};
// Rows as objects of strings. Recorded: missing cells are "", surplus ones are dropped, rows of
// blanks are rows, a column without a name keeps the name "", members are sorted by name.
std::unique_ptr<ItemParser> make_csv_parser(CsvOptions options);

// One JSON value per line; empty lines are passed over.
std::unique_ptr<ItemParser> make_json_lines_parser();

// The elements of the array, or members of the object, that `pointer` (a JSON pointer; empty: the
// document) leads to. kInvalid: it is no pointer.
Result<std::unique_ptr<ItemParser>> make_json_parser(std::string_view pointer);

}  // namespace pawl::engine
