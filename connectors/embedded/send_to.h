// SendTo: how a service hands something to what an ARN names, whatever kind of thing that is.
#pragma once

#include "asl/json/value.h"
#include "connectors/embedded/ledger.h"

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::connectors {

// One thing to hand over.
struct Parcel {
  std::string body;
  asl::Value attributes;  // message attributes, as SQS has them; undefined: none
  std::string group;      // MessageGroupId, for FIFO queues
  std::string deduplication;
  // For an event bus, which wraps the body as the detail of an event.
  std::string source;
  std::string detail_type;
};

// As part of a decision: a queue, topic or bus of this program has it with that decision; a
// function or state machine is called after it (outbox.h). False: nothing here has that name.
using SendTo = std::function<bool(Change& change, const std::string& arn, const Parcel& parcel)>;

// {"NAME": {"DataType": "String", "StringValue": TEXT}, ...} of the texts that are not empty.
inline asl::Value text_attributes(
    std::initializer_list<std::pair<std::string_view, std::string>> texts) {
  asl::ObjectBuilder out;
  for (const auto& [name, text] : texts) {
    if (text.empty()) continue;
    asl::ObjectBuilder one;
    one.set("DataType", asl::Value::string("String")).set("StringValue", asl::Value::string(text));
    out.set(name, std::move(one).build());
  }
  return std::move(out).build();
}

}  // namespace pawl::connectors
