#include "engine/store_check.h"

#include "engine/map_run/map_run.h"
#include "engine/records.h"

#include <fmt/format.h>

#include <limits>
#include <unordered_map>

namespace pawl::engine {
namespace {

constexpr std::uint64_t kProgressEvery = 65'536;
constexpr std::uint8_t kAnyVersion = std::numeric_limits<std::uint8_t>::max();

// Kinds of which every value is sealed (docs/storage.md), and of which no more is looked at.
constexpr std::string_view kSealed = "!LAMRfcimx";

// What the pass has seen of an execution.
struct Seen {
  ExecutionStatus status = ExecutionStatus::kRunning;
  bool express = false;
  bool named = false;        // it has an n row, or needs none
  bool listed = false;       // under its status
  bool framed = false;       // by a row
  bool last_framed = false;  // by its last history record
  std::uint32_t histories = 0;
  EventId next_event = 1;
};

class Pass {
 public:
  explicit Pass(const runtime::Store& store) : store_(store) {}

  void visit(std::string_view key, std::string_view value) {
    ++check_.records;
    switch (key.front()) {
      case 'e':
        return execution(key, value);
      case 'f':
        frame(key, value);
        return;
      case 'h':
        return history(key, value);
      case 'l':
        return list(key);
      case 'n':
        return name(key, value);
      default:
        if (kSealed.find(key.front()) != std::string_view::npos) sealed(key, value);
    }
  }

  Result<StoreCheck> finish() {
    for (const auto& [number, seen] : executions_) {
      check_.events += static_cast<std::uint64_t>(seen.next_event - 1);
      if (seen.histories == 0 && !seen.express) missing(number, "has no history");
      if (!seen.listed) missing(number, "is missing in the list of its machine");
      if (!seen.named) {
        const Result<bool> taken = name_is_taken(number);
        if (!taken) return taken.error();
        if (!*taken) missing(number, "is not found by its name");
      }
      if (seen.status == ExecutionStatus::kRunning && !seen.express && !seen.framed &&
          !seen.last_framed) {
        missing(number, "is RUNNING and has no frame to go on from");
      }
    }
    check_.executions = executions_.size();
    return std::move(check_);
  }

 private:
  void problem(Error error) {
    if (check_.problems.size() < kStoreProblemsMax) {
      check_.problems.push_back(std::move(error));
    } else {
      check_.more_problems = true;
    }
  }

  void missing(ExecutionNumber number, std::string_view what) {
    problem({ErrorCode::kCorrupt, fmt::format("the execution {}", what),
             runtime::printable_key(keys::execution(number))});
  }

  bool sealed(std::string_view key, std::string_view value) {
    const auto opened = runtime::open_record(key, value, kAnyVersion);
    if (!opened) problem(opened.error());
    return opened.has_value();
  }

  // An execution of a deleted machine leaves its name to one of a machine of the same name.
  Result<bool> name_is_taken(ExecutionNumber number) const {
    const std::string key = keys::execution(number);
    const Result<std::optional<std::string>> row = store_.get(key);
    if (!row) return row.error();
    if (!*row) return false;
    const Result<ExecutionRecord> record = decode_execution(**row, key);
    if (!record) return record.error();
    const Result<std::optional<std::string>> name =
        store_.get(keys::name(record->machine, record->name));
    if (!name) return name.error();
    return name->has_value();
  }

  // The execution that the number at `key`[1] names; null if no such execution is there.
  Seen* find(ExecutionNumber number) {
    const auto found = executions_.find(number);
    return found == executions_.end() ? nullptr : &found->second;
  }
  static ExecutionNumber number_at(std::string_view key, std::size_t at) {
    return runtime::Decoder(key.substr(std::min(at, key.size()))).u64();
  }

  // Executions come before what refers to them: `e` is the least of these kinds.
  void execution(std::string_view key, std::string_view value) {
    const Result<ExecutionRecord> record = decode_execution(value, key);
    if (!record) return problem(record.error());
    Seen& seen = executions_[number_at(key, 1)];
    seen.status = record->status;
    seen.express = record->express;
    seen.named = record->map_run.has_value();
  }

  void frame(std::string_view key, std::string_view value) {
    if (!sealed(key, value)) return;
    if (Seen* seen = find(number_at(key, 1))) seen->framed = true;
  }

  void history(std::string_view key, std::string_view value) {
    const Result<HistoryRecord> record = open_history(value, key);
    Seen* seen = find(number_at(key, 1));
    if (!record) problem(record.error());
    if (seen == nullptr) return;
    ++seen->histories;
    seen->last_framed = record && !record->frame.empty();
    if (!record || record->events == 0) return;
    if (record->first_event != seen->next_event) {
      problem({ErrorCode::kCorrupt,
               fmt::format("the history goes on with event {} instead of {}", record->first_event,
                           seen->next_event),
               runtime::printable_key(key)});
    }
    seen->next_event = record->first_event + record->events;
  }

  void list(std::string_view key) {
    const std::optional<ExecutionNumber> number = keys::parse_list(key);
    Seen* seen = number ? find(*number) : nullptr;
    if (seen == nullptr) {
      return problem({ErrorCode::kCorrupt, "a list names an execution that is not there",
                      runtime::printable_key(key)});
    }
    const char status = key[key.size() - sizeof(ExecutionNumber) - 1];
    if (status == static_cast<char>('0' + static_cast<int>(seen->status))) seen->listed = true;
  }

  void name(std::string_view key, std::string_view value) {
    Seen* seen = find(number_at(value, 0));
    if (seen != nullptr) {
      seen->named = true;
    } else {
      problem({ErrorCode::kCorrupt, "a name belongs to an execution that is not there",
               runtime::printable_key(key)});
    }
  }

  const runtime::Store& store_;
  StoreCheck check_;
  std::unordered_map<ExecutionNumber, Seen> executions_;
};

}  // namespace

Result<StoreCheck> check_store(const runtime::Store& store,
                               const std::function<void(std::uint64_t)>& progress) {
  Pass pass(store);
  std::uint64_t records = 0;
  const std::unique_ptr<runtime::Iterator> at = store.scan({}, {});
  for (; at->valid(); at->next()) {
    if (!at->key().empty()) pass.visit(at->key(), at->value());
    if (progress && ++records % kProgressEvery == 0) progress(records);
  }
  if (Status whole = at->status(); !whole) return std::move(whole).error();
  return pass.finish();
}

}  // namespace pawl::engine
