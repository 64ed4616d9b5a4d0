#include "engine/history.h"

#include "engine/engine.h"

#include <algorithm>
#include <functional>

namespace pawl::engine {

Result<const HistoryRecord*> PayloadReader::keep(std::uint32_t record, std::string bytes) {
  Kept& kept = records_[record];
  kept.bytes = std::move(bytes);
  Result<HistoryRecord> opened = open_history(kept.bytes, keys::history(number_, record));
  if (!opened) {
    records_.erase(record);
    return std::move(opened).error();
  }
  kept.record = *std::move(opened);
  return &kept.record;
}

Result<StoredDocument> PayloadReader::stored(PayloadRef ref) {
  const auto number = static_cast<std::uint32_t>(ref.place >> kPlaceShift);
  const auto index = static_cast<std::size_t>(ref.place & ((1U << kPlaceShift) - 1));
  const HistoryRecord* record = nullptr;
  if (const auto known = records_.find(number); known != records_.end()) {
    record = &known->second.record;
  } else {
    const std::string key = keys::history(number_, number);
    Result<std::optional<std::string>> row = store_.get(key);
    if (!row) return std::move(row).error();
    if (!*row) {
      return Error{ErrorCode::kCorrupt, "A history record is missing from the store.",
                   runtime::printable_key(key)};
    }
    const Result<const HistoryRecord*> kept = keep(number, **std::move(row));
    if (!kept) return kept.error();
    record = *kept;
  }
  if (index >= record->payloads.size()) {
    return Error{ErrorCode::kCorrupt, "A history record lacks a document that is referred to.",
                 runtime::printable_key(keys::history(number_, number))};
  }
  return record->payloads[index];
}

Result<std::string_view> PayloadReader::view(PayloadRef ref) {
  const Result<StoredDocument> document = stored(ref);
  if (!document) return document.error();
  if (!document->composed) return document->bytes;
  if (const auto known = assembled_.find(ref.place); known != assembled_.end()) {
    return std::string_view(known->second);
  }
  const WholeText whole = [this](PayloadRef part) -> Result<std::string_view> {
    const Result<StoredDocument> found = stored(part);
    if (!found) return found.error();
    if (found->composed) {
      return Error{ErrorCode::kCorrupt, "A composed document refers to another one.", ""};
    }
    return found->bytes;
  };
  Result<std::string> text = assemble(document->bytes, whole);
  if (!text) return std::move(text).error();
  return std::string_view(assembled_.emplace(ref.place, *std::move(text)).first->second);
}

Result<std::string> PayloadReader::text(PayloadRef ref) {
  const Result<std::string_view> found = view(ref);
  if (!found) return found.error();
  return std::string(*found);
}

namespace {

// Where the events of a record begin, in the order asked for, from `from` on.
Result<std::vector<runtime::Decoder>> event_places(const HistoryRecord& record, EventId from,
                                                   bool reverse) {
  std::vector<runtime::Decoder> places;
  runtime::Decoder in(record.event_bytes);
  StoredEvent event;
  for (std::uint32_t i = 0; i < record.events; ++i) {
    const runtime::Decoder place = in;
    Status decoded = decode_event(in, record.first_event, record.base_time, event);
    if (!decoded) return std::move(decoded).error();
    if (from == 0 || (reverse ? event.id <= from : event.id >= from)) places.push_back(place);
  }
  if (reverse) std::reverse(places.begin(), places.end());
  return places;
}

// Gives the events from `from` on to `take` until that answers false: then the place of the event
// that it did not take.
using TakeEvent = std::function<Result<bool>(const StoredEvent& event, const PayloadText& text)>;
Result<std::optional<HistoryCursor>> walk_history(const runtime::Store& store,
                                                  ExecutionNumber number, const HistoryCursor& from,
                                                  bool reverse, const TakeEvent& take) {
  PayloadReader payloads(store, number);
  const PayloadText text = [&payloads](PayloadRef ref) { return payloads.view(ref); };
  const std::string first = keys::history(number, 0);
  const std::string last = keys::prefix_end(first.substr(0, 9));
  std::unique_ptr<runtime::Iterator> rows;
  if (reverse) {
    rows = store.scan_back(first, from.record == 0 ? last : keys::history(number, from.record + 1));
  } else {
    rows = store.scan(keys::history(number, from.record), last);
  }
  StoredEvent event;
  for (; rows->valid(); rows->next()) {
    const std::uint32_t record_number = *keys::parse_history(rows->key());
    const Result<const HistoryRecord*> record =
        payloads.keep(record_number, std::string(rows->value()));
    if (!record) return record.error();
    Result<std::vector<runtime::Decoder>> places = event_places(**record, from.event, reverse);
    if (!places) return std::move(places).error();
    for (runtime::Decoder& in : *places) {
      Status decoded = decode_event(in, (*record)->first_event, (*record)->base_time, event);
      if (!decoded) return std::move(decoded).error();
      const Result<bool> taken = take(event, text);
      if (!taken) return taken.error();
      if (!*taken) return std::optional(HistoryCursor{record_number, event.id});
    }
  }
  if (Status status = rows->status(); !status) return std::move(status).error();
  return std::optional<HistoryCursor>();
}

}  // namespace

Result<HistoryPage> Engine::history(ExecutionNumber number, const HistoryCursor& from,
                                    std::size_t max, bool reverse, bool include_data) const {
  HistoryPage page;
  const auto take = [&](const StoredEvent& event, const PayloadText& text) -> Result<bool> {
    if (page.events.size() == max) return false;
    Result<asl::Value> shown = render_event(event, text, include_data);
    if (!shown) return std::move(shown).error();
    page.events.push_back(*std::move(shown));
    return true;
  };
  Result<std::optional<HistoryCursor>> next =
      walk_history(*options().store, number, from, reverse, take);
  if (!next) return std::move(next).error();
  page.next = *next;
  return page;
}

Result<std::optional<HistoryCursor>> Engine::write_history(ExecutionNumber number,
                                                           const HistoryCursor& from,
                                                           std::size_t max, std::size_t bytes_max,
                                                           bool reverse, bool include_data,
                                                           std::string& out) const {
  std::size_t events = 0;
  const auto take = [&](const StoredEvent& event, const PayloadText& text) -> Result<bool> {
    if (events == max || (events > 0 && out.size() >= bytes_max)) return false;
    if (events++ > 0) out += ',';
    if (Status written = write_event(event, text, include_data, out); !written) {
      return std::move(written).error();
    }
    return true;
  };
  return walk_history(*options().store, number, from, reverse, take);
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
  const PayloadText text = [&opened](PayloadRef ref) -> Result<std::string_view> {
    const std::size_t number = ref.place >> kPlaceShift;
    const std::size_t index = ref.place & ((1U << kPlaceShift) - 1);
    // What is only in memory is never composed.
    if (number == 0 || number > opened.size() || index >= opened[number - 1].payloads.size() ||
        opened[number - 1].payloads[index].composed) {
      return Error{ErrorCode::kCorrupt, "A document of the history is missing.", ""};
    }
    return opened[number - 1].payloads[index].bytes;
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
