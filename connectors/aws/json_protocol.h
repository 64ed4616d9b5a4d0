// AWS JSON 1.0 and 1.1: X-Amz-Target names the operation, bodies are JSON.
#pragma once

#include "connectors/aws/endpoint.h"
#include "connectors/aws/service.h"

#include <string>
#include <string_view>

namespace pawl::connectors::aws {

struct JsonDialect {
  std::string_view target;        // "AmazonSQS."
  std::string_view content_type;  // "application/x-amz-json-1.0"
  std::string_view name_space;    // of __type: "com.amazonaws.sqs"
  // Clients of the query protocol know other codes: they travel in x-amzn-query-error, and the
  // names of shapes in __type.
  bool query_compatible = false;
  // Of a second API of the same service: "DynamoDBStreams_20120810."; empty: there is none.
  std::string_view second_target = {};
};

class JsonEndpoint final : public Endpoint {
 public:
  // `now_id`: makes request ids.
  JsonEndpoint(Service& service, const JsonDialect& dialect, std::function<std::string()> new_id)
      : service_(service), dialect_(dialect), new_id_(std::move(new_id)) {}

  runtime::HttpResponse handle(const runtime::HttpRequest& request) override;
  runtime::HttpResponse refuse(const runtime::HttpRequest& request, const Error& error) override;

 private:
  Answer perform(const runtime::HttpRequest& request, Call& call);

  Service& service_;
  JsonDialect dialect_;
  std::function<std::string()> new_id_;
};

// Whether `request` is signed, in its head or its query. Services that take forms and plain text
// ask for it, so that no web page which a browser shows can call them.
bool has_credentials(const runtime::HttpRequest& request);

// Call::caller_gone of an HTTP client.
std::function<bool()> gone_of(const runtime::HttpRequest& request);

}  // namespace pawl::connectors::aws
