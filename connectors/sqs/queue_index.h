// QueueIndex: which messages of a queue can be received now. In memory; the rows are the truth, and
// it is built from them when a queue is first used and after the store failed.
#pragma once

#include "connectors/sqs/records.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace pawl::connectors::sqs {

class QueueIndex {
 public:
  explicit QueueIndex(bool fifo) : fifo_(fifo) {}

  // A message is there, visible from `visible_at` on. Again: moves it.
  void put(std::uint64_t sequence, const MessageRecord& message);
  void erase(std::uint64_t sequence);
  // The message was received: out of sight until then.
  void hide(std::uint64_t sequence, Millis until);

  // Up to `max` messages that are visible at `now`, in order. Of a FIFO queue: never from a group
  // of which a message is hidden because somebody received it.
  std::vector<std::uint64_t> visible(Millis now, std::size_t max);
  // When the next hidden message comes into sight; 0: none is hidden.
  Millis next_visible() const;

  struct Counts {
    std::size_t visible = 0;
    std::size_t in_flight = 0;  // received, and not deleted yet
    std::size_t delayed = 0;
  };
  Counts counts(Millis now);

 private:
  struct Entry {
    Millis visible_at = 0;
    bool received = false;
    std::string group;  // FIFO
  };
  void show_due(Millis now);
  void unlist(std::uint64_t sequence, const Entry& entry);

  bool fifo_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::set<std::uint64_t> ready_;
  std::set<std::pair<Millis, std::uint64_t>> hidden_;
  std::size_t in_flight_ = 0;                          // of hidden_
  std::unordered_map<std::string, std::size_t> busy_;  // groups by messages in flight
};

}  // namespace pawl::connectors::sqs
