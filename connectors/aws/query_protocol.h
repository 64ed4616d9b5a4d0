// The query protocol: a form names the operation (Action=...) and its members, the answer is XML.
// SNS speaks nothing else; SQS spoke it first, and old clients still do.
//
// What a dialect leaves open is how lists and maps are written; two are in use:
//   wrapped    Tags.member.1.Key=a     Attributes.entry.1.key=a          (SNS)
//   flattened  Tag.1.Key=a             Attribute.1.Name=a                (SQS)
#pragma once

#include "connectors/aws/endpoint.h"
#include "connectors/aws/service.h"
#include "runtime/http/uri.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace pawl::connectors::aws {

// How one member is flattened.
struct Flattened {
  std::string_view member;   // "Attributes"
  std::string_view element;  // "Attribute"
  std::string_view key;      // of maps: "Name"; empty: a list
  std::string_view value;    // of maps: "Value"
};

struct QueryDialect {
  std::string_view name_space;                // of answers
  std::span<const Flattened> flattened;       // empty: wrapped
  std::span<const std::string_view> numbers;  // members that are integers
  std::span<const std::string_view> booleans;
  bool pretty = false;
  bool declaration = false;
  // Operations whose answer has no ...Result element.
  std::span<const std::string_view> without_result;
  // Operations that need no signature, because what they name is a secret: as a GET of nothing but
  // these parameters, as a link in a message has them.
  std::span<const std::string_view> unsigned_operations = {};
  std::span<const std::string_view> unsigned_parameters = {};
};

// Members of the form's call. Lists have at most 1,000 items, names at most 8 parts.
asl::Value read_form(const runtime::QueryParameters& form, const QueryDialect& dialect,
                     std::string_view operation);
std::string write_answer(std::string_view operation, const asl::Value& answer,
                         const QueryDialect& dialect, const std::string& request_id);

class QueryEndpoint final : public Endpoint {
 public:
  QueryEndpoint(Service& service, const QueryDialect& dialect, std::function<std::string()> new_id)
      : service_(service), dialect_(dialect), new_id_(std::move(new_id)) {}

  runtime::HttpResponse handle(const runtime::HttpRequest& request) override;
  runtime::HttpResponse refuse(const runtime::HttpRequest& request, const Error& error) override;
  bool needs_no_signature(const runtime::HttpRequest& request) const override;

 private:
  Answer perform(const runtime::HttpRequest& request, Call& call);

  Service& service_;
  QueryDialect dialect_;
  std::function<std::string()> new_id_;
};

}  // namespace pawl::connectors::aws
