#include "connectors/sqs/queue_index.h"

namespace pawl::connectors::sqs {

void QueueIndex::unlist(std::uint64_t sequence, const Entry& entry) {
  if (ready_.erase(sequence) > 0) return;
  hidden_.erase({entry.visible_at, sequence});
  if (!entry.received) return;
  --in_flight_;
  if (!fifo_) return;
  const auto group = busy_.find(entry.group);
  if (--group->second == 0) busy_.erase(group);
}

void QueueIndex::put(std::uint64_t sequence, const MessageRecord& message) {
  const auto [it, added] = entries_.try_emplace(sequence);
  Entry& entry = it->second;
  if (!added) unlist(sequence, entry);
  entry.visible_at = message.visible_at;
  entry.received = message.receives > 0;
  if (fifo_) entry.group = message.group;
  hidden_.insert({entry.visible_at, sequence});
  if (!entry.received) return;
  ++in_flight_;
  if (fifo_) ++busy_[entry.group];
}

void QueueIndex::erase(std::uint64_t sequence) {
  const auto it = entries_.find(sequence);
  if (it == entries_.end()) return;
  unlist(sequence, it->second);
  entries_.erase(it);
}

void QueueIndex::hide(std::uint64_t sequence, Millis until) {
  const auto it = entries_.find(sequence);
  if (it == entries_.end()) return;
  MessageRecord received;
  received.visible_at = until;
  received.receives = 1;
  received.group = it->second.group;
  put(sequence, received);
}

void QueueIndex::show_due(Millis now) {
  while (!hidden_.empty() && hidden_.begin()->first <= now) {
    const std::uint64_t sequence = hidden_.begin()->second;
    unlist(sequence, entries_.at(sequence));
    ready_.insert(sequence);
  }
}

std::vector<std::uint64_t> QueueIndex::visible(Millis now, std::size_t max) {
  show_due(now);
  std::vector<std::uint64_t> found;
  // A delayed message of a group holds back those behind it as well: their order counts.
  std::set<std::string> delayed;
  if (fifo_) {
    for (const auto& [at, sequence] : hidden_) {
      const Entry& entry = entries_.at(sequence);
      if (!entry.received) delayed.insert(entry.group);
    }
  }
  for (const std::uint64_t sequence : ready_) {
    if (found.size() >= max) break;
    if (fifo_) {
      const std::string& group = entries_.at(sequence).group;
      if (busy_.contains(group) || delayed.contains(group)) continue;
    }
    found.push_back(sequence);
  }
  return found;
}

Millis QueueIndex::next_visible() const { return hidden_.empty() ? 0 : hidden_.begin()->first; }

QueueIndex::Counts QueueIndex::counts(Millis now) {
  show_due(now);
  return {ready_.size(), in_flight_, hidden_.size() - in_flight_};
}

}  // namespace pawl::connectors::sqs
