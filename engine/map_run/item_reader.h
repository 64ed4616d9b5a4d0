// Reads the items of a Map Run from S3 and stores them as rows, as ItemReader says.
//
// Reading is one pass over a stream; what is kept in memory is a part of the object and a page of
// items. The rows are durable before the children start: a crash while reading begins reading anew,
// a crash later need not read again.
//
// Source: developer guide, "ItemReader (Map)"; `asl-facts` section 11.
#pragma once

#include "asl/model/definition.h"
#include "engine/map_run/map_run.h"
#include "engine/map_run/s3_calls.h"
#include "runtime/store/store.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace pawl::engine {

struct ReadOrder {
  const asl::ItemReader* reader = nullptr;
  asl::Value parameters;       // evaluated
  std::int64_t max_items = 0;  // 0: all
};

// Where items go: a page, and the number of its first item. An error ends the reading.
using PageSink = std::function<Status(const ItemPage&, std::uint64_t first)>;

// Reads everything; answers the number of items. kInvalid: the message is the cause of
// States.ItemReaderFailed; other errors are those of `pages`.
Result<std::uint64_t> read_items(const ReadOrder& order, S3Calls& calls, const PageSink& pages);

// Items that are held in memory all at once, as JSON. A short CSV file with many columns makes far
// more of itself.
inline constexpr std::size_t kItemDataBytesMax = std::size_t{4} << 20;

// The items in `data`, the whole of what a reader would read of one object or listing; as many as
// `max_items` (0: all). An array, or an object of those of an object. kInvalid: as above.
Result<asl::Payload> parse_item_data(const asl::ItemReader& reader, std::string_view data,
                                     std::int64_t max_items);

}  // namespace pawl::engine
