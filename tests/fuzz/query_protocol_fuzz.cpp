// Forms of the query protocol (SQS, SNS): made into members, within their bounds.
#include "asl/json/writer.h"
#include "base/assert.h"
#include "connectors/aws/query_protocol.h"
#include "connectors/sns/dialect.h"
#include "runtime/http/uri.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace aws = pawl::connectors::aws;
  static constexpr aws::Flattened kFlattened[] = {{"Attributes", "Attribute", "Name", "Value"},
                                                  {"Messages", "Message", "", ""},
                                                  {"Tags", "Tag", "Key", "Value"}};
  static constexpr std::string_view kNumbers[] = {"DelaySeconds", "MaxNumberOfMessages"};
  static constexpr aws::QueryDialect kFlat{.name_space = "http://queue.amazonaws.com/",
                                           .flattened = kFlattened,
                                           .numbers = kNumbers,
                                           .booleans = {},
                                           .pretty = false,
                                           .declaration = true,
                                           .without_result = {},
                                           .unsigned_operations = {}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto form = pawl::runtime::read_parameters(text);
  for (const aws::QueryDialect& dialect : {kFlat, pawl::connectors::sns::kDialect}) {
    const auto input = aws::read_form(form, dialect, "SendMessageBatch");
    PAWL_ASSERT(input.is_object());
    static_cast<void>(aws::write_answer("SendMessageBatch", input, dialect, "id"));
  }
  return 0;
}
