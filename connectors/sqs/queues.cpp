// Queues: made, found, described, emptied, deleted; their attributes and tags.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/sqs/service.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

namespace pawl::connectors::sqs {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

struct Attribute {
  std::string_view name;
  std::string_view absent;  // its value when it was not set; empty: not shown
  std::int64_t min = 0;     // of numbers; max 0: a text
  std::int64_t max = 0;
  bool fifo_only = false;
};
constexpr Attribute kAttributes[] = {
    {"ContentBasedDeduplication", "false", 0, 0, true},
    {"DeduplicationScope", "queue", 0, 0, true},
    {"DelaySeconds", "0", 0, kDelaySecondsMax},
    {"FifoQueue", "", 0, 0, true},
    {"FifoThroughputLimit", "perQueue", 0, 0, true},
    {"KmsDataKeyReusePeriodSeconds", "", 60, 86'400},
    {"KmsMasterKeyId", ""},
    {"MaximumMessageSize", "1048576", 1024, kMessageBytesMax},
    {"MessageRetentionPeriod", "345600", 60, 1'209'600},
    {"Policy", ""},
    {"ReceiveMessageWaitTimeSeconds", "0", 0, kWaitSecondsMax},
    {"RedriveAllowPolicy", ""},
    {"RedrivePolicy", ""},
    {"SqsManagedSseEnabled", "true"},
    {"VisibilityTimeout", "30", 0, kVisibilitySecondsMax},
};

const Attribute* find_attribute(std::string_view name) {
  for (const Attribute& attribute : kAttributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failed != std::errc() || rest != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

bool is_queue_name(std::string_view name) {
  if (name.ends_with(".fifo")) name.remove_suffix(5);
  return !name.empty() && name.size() <= 80 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

Error invalid_attribute(std::string_view name) {
  return {
      "InvalidAttributeValue", fmt::format("Invalid value for the parameter {}.", name), 400, {}};
}

// Checks a RedrivePolicy; its queue must be there.
std::optional<Error> check_redrive(Change& change, std::string_view text, bool fifo) {
  const auto wrong = [&](std::string_view reason) {
    return Error{
        "InvalidParameterValue",
        fmt::format("Value {} for parameter RedrivePolicy is invalid. Reason: {}", text, reason),
        400,
        {}};
  };
  const Result<Value> policy = asl::read_json(text);
  if (!policy || !policy->is_object()) {
    return wrong("Redrive policy is not a valid JSON map.");
  }
  const Value* target = policy->find("deadLetterTargetArn");
  const Value* max = policy->find("maxReceiveCount");
  if (target == nullptr || !target->is_string()) {
    return wrong("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
  }
  if (max == nullptr) {
    return wrong("Redrive policy does not contain mandatory attribute: maxReceiveCount.");
  }
  const std::optional<std::int64_t> count =
      max->is_int() ? max->as_int()
                    : integer_of(max->is_string() ? max->as_string() : std::string_view());
  if (!count || *count < 1 || *count > 1000) {
    return wrong("Invalid value for maxReceiveCount: must be an integer between 1 and 1000.");
  }
  const std::string_view arn = target->as_string();
  const QueueRef queue = Sqs::find(change, arn.substr(arn.rfind(':') + 1));
  if (!queue) return wrong("Dead letter target does not exist.");
  if (queue->fifo() != fifo) {
    return wrong("Dead-letter queue must be same type of queue as the source.");
  }
  return std::nullopt;
}

// Sets what `given` says; an empty policy takes the attribute away.
std::optional<Error> set_attributes(Change& change, const Value* given, QueueRecord& queue) {
  if (given == nullptr) return std::nullopt;
  for (const asl::Member& member : given->members()) {
    const std::string name(member.key.as_string());
    const Attribute* attribute = find_attribute(name);
    if (attribute == nullptr || (attribute->fifo_only && !queue.fifo())) {
      return Error{"InvalidAttributeName", fmt::format("Unknown Attribute {}.", name), 400, {}};
    }
    if (!member.value.is_string()) return invalid_attribute(name);
    const std::string value(member.value.as_string());
    if (attribute->max > 0) {
      const auto number = integer_of(value);
      if (!number || *number < attribute->min || *number > attribute->max) {
        return invalid_attribute(name);
      }
    }
    if (name == "FifoQueue" && value != "true") return invalid_attribute(name);
    if (value.empty()) {
      queue.attributes.erase(name);
      continue;
    }
    if (name == "RedrivePolicy") {
      if (auto wrong = check_redrive(change, value, queue.fifo())) return wrong;
    }
    queue.attributes[name] = value;
  }
  return std::nullopt;
}

std::string value_of(const QueueRecord& queue, const Attribute& attribute) {
  const auto set = queue.attributes.find(std::string(attribute.name));
  return set != queue.attributes.end() ? set->second : std::string(attribute.absent);
}

Value url_answer(const Request& request, std::string_view name) {
  return std::move(
             ObjectBuilder().set("QueueUrl", Value::string(request.sqs.url_of(request.call, name))))
      .build();
}

// Runs `one` as a decision about the request's queue; empty: done.
Answer about_queue(const Request& request,
                   const std::function<std::optional<Error>(Change&, QueueRecord&)>& one) {
  auto named = queue_name(request);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  std::optional<Error> refused;
  if (auto failed = request.sqs.apply(request.call, [&](Change& change) {
        const QueueRef found = Sqs::find(change, std::get<std::string>(named));
        if (!found) {
          refused = queue_does_not_exist();
          return;
        }
        QueueRecord queue = *found;
        refused = one(change, queue);
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  return Value::object({});
}

// Erases what a queue holds. The rows of one decision are bounded: what is left is unreachable by
// the queue's id, and goes with the next steps.
constexpr std::size_t kErasedAtOnce = 10'000;

Status erase_rows(Ledger& ledger, std::uint64_t queue) {
  for (const std::string& range :
       {keys::messages(queue), keys::deduplications(queue), keys::expiries(queue)}) {
    for (bool more = true; more;) {
      Status erased = ledger.commit([&](Change& change) {
        std::vector<std::string> rows;
        change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view) {
          rows.emplace_back(key);
          return rows.size() < kErasedAtOnce;
        });
        more = rows.size() >= kErasedAtOnce;
        for (const std::string& key : rows) change.erase(key);
      });
      if (!erased) return erased;
    }
  }
  return {};
}

}  // namespace

Answer create_queue(const Request& request) {
  const std::string name(request.text("QueueName"));
  if (name.empty()) return missing_parameter("QueueName");
  if (!is_queue_name(name)) {
    return invalid_value(
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
  }
  const Value* attributes = request.member("Attributes");
  const Value* fifo = attributes == nullptr ? nullptr : attributes->find("FifoQueue");
  const bool wants_fifo = fifo != nullptr && fifo->is_string() && fifo->as_string() == "true";
  if (wants_fifo != name.ends_with(".fifo")) {
    return wants_fifo ? invalid_value(
                            "The name of a FIFO queue can only include alphanumeric characters, "
                            "hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in "
                            "length.")
                      : invalid_value(
                            "Can only include alphanumeric characters, hyphens, or underscores. 1 "
                            "to 80 in length");
  }
  const Value* tags = request.member("tags");
  if (tags == nullptr) tags = request.member("Tags");
  std::optional<Error> refused;
  if (auto failed = request.sqs.apply(request.call, [&](Change& change) {
        refused.reset();
        QueueRecord queue;
        queue.name = name;
        queue.created = queue.modified = request.sqs.now();
        refused = set_attributes(change, attributes, queue);
        if (refused) return;
        if (const QueueRef there = Sqs::find(change, name)) {
          // The same queue again is fine; what is not said does not count.
          for (const auto& [attribute, value] : queue.attributes) {
            if (value_of(*there, *find_attribute(attribute)) == value) continue;
            refused = Error{"QueueAlreadyExists",
                            fmt::format("A queue already exists with the same name and a different "
                                        "value for attribute {}",
                                        attribute),
                            400,
                            {}};
            return;
          }
          return;
        }
        if (tags != nullptr && tags->is_object()) {
          for (const asl::Member& tag : tags->members()) {
            if (tag.value.is_string()) {
              queue.tags[std::string(tag.key.as_string())] = tag.value.as_string();
            }
          }
        }
        queue.id = request.sqs.next_sequence();
        change.put(keys::queue(name), encode(queue));
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  return url_answer(request, name);
}

Answer delete_queue(const Request& request) {
  std::uint64_t id = 0;
  Answer answer = about_queue(request, [&](Change& change, QueueRecord& queue) {
    id = queue.id;
    change.erase(keys::queue(queue.name));
    change.when_durable([&sqs = request.sqs, id = queue.id] {
      sqs.forget_index(id);
      sqs.message_came(id);  // whoever waits learns that it is gone
    });
    return std::optional<Error>();
  });
  // A Task's decision is not done yet: its messages stay unreachable, and cost only their space.
  if (id != 0 && request.call.joined == nullptr) {
    if (Status erased = erase_rows(request.sqs.ledger(), id); !erased) {
      return aws::store_error(erased.error());
    }
  }
  return answer;
}

Answer purge_queue(const Request& request) {
  auto named = queue_name(request);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  if (request.sqs.purged_lately(std::get<std::string>(named))) {
    return Error{"AWS.SimpleQueueService.PurgeQueueInProgress",
                 fmt::format("Only one PurgeQueue operation on {} is allowed every 60 seconds.",
                             std::get<std::string>(named)),
                 403,
                 {}};
  }
  std::uint64_t id = 0;
  // Under a new id: all messages are gone at once, whatever their number.
  Answer answer = about_queue(request, [&](Change& change, QueueRecord& queue) {
    id = queue.id;
    queue.id = request.sqs.next_sequence();
    change.put(keys::queue(queue.name), encode(queue));
    change.when_durable([&sqs = request.sqs, id, name = queue.name] {
      sqs.forget_index(id);
      sqs.message_came(id);
      sqs.note_purge(name);
    });
    return std::optional<Error>();
  });
  if (id != 0 && request.call.joined == nullptr) {
    if (Status erased = erase_rows(request.sqs.ledger(), id); !erased) {
      return aws::store_error(erased.error());
    }
  }
  return answer;
}

Answer get_queue_url(const Request& request) {
  const std::string name(request.text("QueueName"));
  if (name.empty()) return missing_parameter("QueueName");
  bool there = false;
  Status read = request.sqs.ledger().read(
      [&](Change& change) { there = Sqs::find(change, name) != nullptr; });
  if (!read) return aws::store_error(read.error());
  if (!there) return queue_does_not_exist();
  return url_answer(request, name);
}

namespace {

// URLs of the queues that `chosen` likes, a page of them.
Answer list_chosen(const Request& request, std::string_view prefix, std::string_view member,
                   const std::function<bool(const QueueRecord&)>& chosen) {
  constexpr std::int64_t kPage = 1000;
  const std::int64_t max =
      std::clamp(request.number("MaxResults").value_or(kPage), std::int64_t{1}, kPage);
  std::string from = keys::queue(prefix);
  const std::string end = runtime::prefix_end(from);
  if (const std::string_view token = request.text("NextToken"); !token.empty()) {
    const auto name = aws::from_base64(token);
    if (!name) return invalid_value("Invalid or expired next token.");
    from = std::max(from, keys::queue(*name) + '\0');
  }
  std::vector<Value> urls;
  std::string last;
  bool more = false;
  Status read = request.sqs.ledger().read([&](Change& change) {
    change.scan(from, end, [&](std::string_view key, std::string_view row) {
      const Result<QueueRecord> queue = decode_queue(row, key);
      if (!queue) {
        change.fail(queue.error());
        return false;
      }
      if (!chosen(*queue)) return true;
      if (static_cast<std::int64_t>(urls.size()) >= max) {
        more = true;
        return false;
      }
      last = queue->name;
      urls.push_back(Value::string(request.sqs.url_of(request.call, queue->name)));
      return true;
    });
  });
  if (!read) return aws::store_error(read.error());
  ObjectBuilder out;
  if (!urls.empty()) out.set(member, Value::array(std::move(urls)));
  if (more && request.member("MaxResults") != nullptr) {
    out.set("NextToken", Value::string(aws::to_base64(last)));
  }
  return std::move(out).build();
}

}  // namespace

Answer list_queues(const Request& request) {
  return list_chosen(request, request.text("QueueNamePrefix"), "QueueUrls",
                     [](const QueueRecord&) { return true; });
}

Answer list_dead_letter_source_queues(const Request& request) {
  auto named = queue_name(request);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  const std::string arn = request.sqs.arn_of(std::get<std::string>(named));
  return list_chosen(request, "", "queueUrls", [&arn](const QueueRecord& queue) {
    const auto policy = queue.attributes.find("RedrivePolicy");
    return policy != queue.attributes.end() &&
           policy->second.find("\"" + arn + "\"") != std::string::npos;
  });
}

Answer get_queue_attributes(const Request& request) {
  auto named = queue_name(request);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  QueueRef queue;
  Status read = request.sqs.ledger().read(
      [&](Change& change) { queue = Sqs::find(change, std::get<std::string>(named)); });
  if (!read) return aws::store_error(read.error());
  if (!queue) return queue_does_not_exist();
  std::map<std::string, std::string> all;
  for (const Attribute& attribute : kAttributes) {
    if (attribute.fifo_only && !queue->fifo()) continue;
    if (std::string value = value_of(*queue, attribute); !value.empty()) {
      all[std::string(attribute.name)] = std::move(value);
    }
  }
  const std::shared_ptr<QueueIndex> index = request.sqs.index_of(*queue);
  const QueueIndex::Counts counts =
      index == nullptr ? QueueIndex::Counts() : index->counts(request.sqs.now());
  all["ApproximateNumberOfMessages"] = std::to_string(counts.visible);
  all["ApproximateNumberOfMessagesDelayed"] = std::to_string(counts.delayed);
  all["ApproximateNumberOfMessagesNotVisible"] = std::to_string(counts.in_flight);
  all["CreatedTimestamp"] = std::to_string(queue->created / 1000);
  all["LastModifiedTimestamp"] = std::to_string(queue->modified / 1000);
  all["QueueArn"] = request.sqs.arn_of(queue->name);

  ObjectBuilder shown;
  const Value* asked = request.member("AttributeNames");
  if (asked == nullptr || !asked->is_array()) return Value::object({});
  for (const Value& name : asked->items()) {
    if (!name.is_string()) continue;
    if (name.as_string() == "All") {
      for (const auto& [attribute, value] : all) shown.set(attribute, Value::string(value));
      continue;
    }
    const auto found = all.find(std::string(name.as_string()));
    if (found != all.end()) {
      shown.set(found->first, Value::string(found->second));
    } else if (find_attribute(name.as_string()) == nullptr) {
      return Error{
          "InvalidAttributeName", fmt::format("Unknown Attribute {}.", name.as_string()), 400, {}};
    }
  }
  return std::move(ObjectBuilder().set("Attributes", std::move(shown).build())).build();
}

Answer set_queue_attributes(const Request& request) {
  return about_queue(request, [&](Change& change, QueueRecord& queue) -> std::optional<Error> {
    const Value* given = request.member("Attributes");
    if (given == nullptr) return missing_parameter("Attributes");
    if (auto wrong = set_attributes(change, given, queue)) return wrong;
    queue.modified = request.sqs.now();
    change.put(keys::queue(queue.name), encode(queue));
    return std::nullopt;
  });
}

namespace {

constexpr std::size_t kStatementsMax = 7;  // of a policy, as AWS

// The statements of a policy; nothing: it is none.
std::optional<std::vector<Value>> statements_of(const QueueRecord& queue) {
  const auto policy = queue.attributes.find("Policy");
  if (policy == queue.attributes.end()) return std::vector<Value>();
  const Result<Value> read = asl::read_json(policy->second);
  const Value* listed = read ? read->find("Statement") : nullptr;
  if (listed == nullptr) return std::nullopt;
  if (!listed->is_array()) return std::vector<Value>{*listed};
  return std::vector<Value>(listed->items().begin(), listed->items().end());
}

void set_policy(QueueRecord& queue, const std::string& arn, std::vector<Value> statements) {
  if (statements.empty()) {
    queue.attributes.erase("Policy");
    return;
  }
  ObjectBuilder policy;
  policy.set("Version", Value::string("2008-10-17"));
  policy.set("Id", Value::string(arn + "/SQSDefaultPolicy"));
  policy.set("Statement", Value::array(std::move(statements)));
  queue.attributes["Policy"] = asl::to_json(std::move(policy).build());
}

std::vector<Value> texts_in(const Request& request, std::string_view member) {
  const Value* listed = request.member(member);
  if (listed == nullptr || !listed->is_array()) return {};
  return {listed->items().begin(), listed->items().end()};
}

}  // namespace

Answer add_permission(const Request& request) {
  return about_queue(request, [&](Change& change, QueueRecord& queue) -> std::optional<Error> {
    const std::string_view label = request.text("Label");
    const std::vector<Value> accounts = texts_in(request, "AWSAccountIds");
    const std::vector<Value> actions = texts_in(request, "Actions");
    if (label.empty()) return missing_parameter("Label");
    if (accounts.empty()) return missing_parameter("AWSAccountIds");
    if (actions.empty()) return missing_parameter("Actions");
    std::optional<std::vector<Value>> statements = statements_of(queue);
    if (!statements) return invalid_value("The policy of the queue has no statements.");
    for (const Value& one : *statements) {
      if (text_of(one, "Sid") == label) {
        return invalid_value(
            fmt::format("Value {} for parameter Label is invalid. Reason: Already exists.", label));
      }
    }
    if (statements->size() >= kStatementsMax) {
      return Error{"OverLimit", "7 statements were found, maximum allowed is 7.", 403, {}};
    }
    std::vector<Value> principals;
    for (const Value& account : accounts) {
      if (account.is_string()) {
        principals.push_back(
            Value::string(fmt::format("arn:aws:iam::{}:root", account.as_string())));
      }
    }
    std::vector<Value> allowed;
    for (const Value& action : actions) {
      if (action.is_string()) {
        allowed.push_back(Value::string(fmt::format("SQS:{}", action.as_string())));
      }
    }
    ObjectBuilder statement;
    statement.set("Sid", Value::string(label)).set("Effect", Value::string("Allow"));
    statement.set(
        "Principal",
        std::move(ObjectBuilder().set("AWS", Value::array(std::move(principals)))).build());
    statement.set("Action", Value::array(std::move(allowed)));
    statement.set("Resource", Value::string(request.sqs.arn_of(queue.name)));
    statements->push_back(std::move(statement).build());
    set_policy(queue, request.sqs.arn_of(queue.name), *std::move(statements));
    change.put(keys::queue(queue.name), encode(queue));
    return std::nullopt;
  });
}

Answer remove_permission(const Request& request) {
  return about_queue(request, [&](Change& change, QueueRecord& queue) -> std::optional<Error> {
    const std::string_view label = request.text("Label");
    std::optional<std::vector<Value>> statements = statements_of(queue);
    const std::size_t before = statements ? statements->size() : 0;
    if (statements) {
      std::erase_if(*statements, [&](const Value& one) { return text_of(one, "Sid") == label; });
    }
    if (!statements || statements->size() == before) {
      return invalid_value(fmt::format(
          "Value {} for parameter Label is invalid. Reason: can't find label on existing policy.",
          label));
    }
    set_policy(queue, request.sqs.arn_of(queue.name), *std::move(statements));
    change.put(keys::queue(queue.name), encode(queue));
    return std::nullopt;
  });
}

Answer tag_queue(const Request& request) {
  return about_queue(request, [&](Change& change, QueueRecord& queue) -> std::optional<Error> {
    const Value* tags = request.member("Tags");
    if (tags == nullptr || !tags->is_object()) return missing_parameter("Tags");
    for (const asl::Member& tag : tags->members()) {
      if (tag.value.is_string()) {
        queue.tags[std::string(tag.key.as_string())] = tag.value.as_string();
      }
    }
    if (queue.tags.size() > kTagsMax) return invalid_value("Too many tags added for queue.");
    change.put(keys::queue(queue.name), encode(queue));
    return std::nullopt;
  });
}

Answer untag_queue(const Request& request) {
  return about_queue(request, [&](Change& change, QueueRecord& queue) -> std::optional<Error> {
    const Value* names = request.member("TagKeys");
    if (names == nullptr || !names->is_array()) return missing_parameter("TagKeys");
    for (const Value& name : names->items()) {
      if (name.is_string()) queue.tags.erase(std::string(name.as_string()));
    }
    change.put(keys::queue(queue.name), encode(queue));
    return std::nullopt;
  });
}

Answer list_queue_tags(const Request& request) {
  ObjectBuilder tags;
  Answer answer = about_queue(request, [&](Change&, QueueRecord& queue) {
    tags = ObjectBuilder();
    for (const auto& [name, value] : queue.tags) tags.set(name, Value::string(value));
    return std::optional<Error>();
  });
  if (std::holds_alternative<Error>(answer) || tags.size() == 0) return answer;
  return std::move(ObjectBuilder().set("Tags", std::move(tags).build())).build();
}

}  // namespace pawl::connectors::sqs
