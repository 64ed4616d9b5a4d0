#include "engine/history.h"

#include "engine/engine.h"

#include <algorithm>

namespace pawl::engine {

void PayloadReader::keep(std::uint32_t record, std::string bytes) {
  if (kept_bytes_ + bytes.size() > kKeptBytesMax) {
    records_.clear();
    kept_bytes_ = 0;
  }
  kept_bytes_ += bytes.size();
  records_.insert_or_assign(record, Kept{std::move(bytes), std::nullopt});
}

Result<std::string> PayloadReader::text(PayloadRef ref) {
  const auto number = static_cast<std::uint32_t>(ref.place >> kPlaceShift);
  const auto index = static_cast<std::size_t>(ref.place & ((1U << kPlaceShift) - 1));
  const std::string key = keys::history(number_, number);
  auto known = records_.find(number);
  if (known == records_.end()) {
    Result<std::optional<std::string>> row = store_.get(key);
    if (!row) return std::move(row).error();
    if (!*row) {
      return Error{ErrorCode::kCorrupt, "A history record is missing from the store.",
                   runtime::printable_key(key)};
    }
    keep(number, **std::move(row));
    known = records_.find(number);
  }
  Kept& kept = known->second;
  if (!kept.opened) {  // a record has up to thousands of documents: not for each of them
    Result<HistoryRecord> opened = open_history(kept.bytes, key);
    if (!opened) return std::move(opened).error();
    kept.opened = *std::move(opened);
  }
  const HistoryRecord* record = &*kept.opened;
  if (index >= record->payloads.size()) {
    return Error{ErrorCode::kCorrupt, "A history record lacks a document that is referred to.",
                 runtime::printable_key(key)};
  }
  return std::string(record->payloads[index]);
}

namespace {

struct PageBounds {
  std::size_t events = 0;
  std::size_t bytes = 0;  // of documents
};

// Renders the events of one record that lie in the page, in the order asked for, and takes their
// documents off `left`. Returns false when the page is full; `page.next` then says where the next
// one begins.
Result<bool> render_record(std::string_view bytes, std::uint32_t number, EventId from,
                           PageBounds& left, bool reverse, bool include_data,
                           PayloadReader& payloads, HistoryPage& page) {
  const Result<HistoryRecord> record = open_history(bytes, "history");
  if (!record) return record.error();
  runtime::Decoder in(record->event_bytes);
  std::vector<StoredEvent> events;
  events.reserve(record->events);
  for (std::uint32_t i = 0; i < record->events; ++i) {
    Result<StoredEvent> event = decode_event(in, record->first_event, record->base_time);
    if (!event) return std::move(event).error();
    events.push_back(*std::move(event));
  }
  if (reverse) std::reverse(events.begin(), events.end());
  const PayloadText text = [&payloads, &left](PayloadRef ref) {
    Result<std::string> document = payloads.text(ref);
    if (document) left.bytes -= std::min(left.bytes, document->size());
    return document;
  };
  for (const StoredEvent& event : events) {
    if (from != 0 && (reverse ? event.id > from : event.id < from)) continue;
    if (page.events.size() == left.events || (left.bytes == 0 && !page.events.empty())) {
      page.next = HistoryCursor{number, event.id};
      return false;
    }
    Result<asl::Value> shown = render_event(event, text, include_data);
    if (!shown) return std::move(shown).error();
    page.events.push_back(*std::move(shown));
  }
  return true;
}

}  // namespace

Result<HistoryPage> Engine::history(ExecutionNumber number, const HistoryCursor& from,
                                    std::size_t max, bool reverse, bool include_data,
                                    std::size_t bytes_max) const {
  const runtime::Store& store = *options().store;
  HistoryPage page;
  PageBounds left{max, bytes_max};
  PayloadReader payloads(store, number);
  const std::string first = keys::history(number, 0);
  const std::string last = keys::prefix_end(first.substr(0, 9));
  std::unique_ptr<runtime::Iterator> rows;
  if (reverse) {
    rows = store.scan_back(first, from.record == 0 ? last : keys::history(number, from.record + 1));
  } else {
    rows = store.scan(keys::history(number, from.record), last);
  }
  for (; rows->valid(); rows->next()) {
    const std::uint32_t record = *keys::parse_history(rows->key());
    payloads.keep(record, std::string(rows->value()));
    const Result<bool> more = render_record(rows->value(), record, from.event, left, reverse,
                                            include_data, payloads, page);
    if (!more) return more.error();
    if (!*more) return page;
  }
  if (Status status = rows->status(); !status) return std::move(status).error();
  return page;
}

Result<std::vector<asl::Value>> render_history(std::span<const std::string> records,
                                               bool include_data) {
  // The records are all there is: documents are never looked up in a store.
  std::vector<HistoryRecord> opened;
  for (const std::string& bytes : records) {
    Result<HistoryRecord> record = open_history(bytes, "history");
    if (!record) return std::move(record).error();
    opened.push_back(*std::move(record));
  }
  const PayloadText text = [&opened](PayloadRef ref) -> Result<std::string> {
    const std::size_t number = ref.place >> kPlaceShift;
    const std::size_t index = ref.place & ((1U << kPlaceShift) - 1);
    if (number == 0 || number > opened.size() || index >= opened[number - 1].payloads.size()) {
      return Error{ErrorCode::kCorrupt, "A document of the history is missing.", ""};
    }
    return std::string(opened[number - 1].payloads[index]);
  };
  std::vector<asl::Value> events;
  for (const HistoryRecord& record : opened) {
    runtime::Decoder in(record.event_bytes);
    for (std::uint32_t i = 0; i < record.events; ++i) {
      const Result<StoredEvent> event = decode_event(in, record.first_event, record.base_time);
      if (!event) return event.error();
      Result<asl::Value> shown = render_event(*event, text, include_data);
      if (!shown) return std::move(shown).error();
      events.push_back(*std::move(shown));
    }
  }
  return events;
}

}  // namespace pawl::engine
