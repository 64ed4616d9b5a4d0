// S3's protocol: REST and XML, addressed by path (/bucket/key) or by host (bucket.s3.localhost).
// Bodies stream in both directions.
//
// Requests without credentials are refused, as S3 refuses them; that also keeps web pages that a
// browser shows away from a server on this machine.
#pragma once

#include "connectors/aws/endpoint.h"
#include "connectors/s3/service.h"

#include <memory>
#include <string>
#include <string_view>

namespace pawl::connectors::s3 {

// What a request is about: a pure reading of its line and its Host.
struct Target {
  std::string operation;  // empty: none that S3 knows here
  std::string bucket;
  std::string key;
};
Target target_of(const runtime::HttpRequest& request);

class Rest final : public aws::Endpoint {
 public:
  explicit Rest(S3& s3) : s3_(s3) {}

  runtime::HttpResponse handle(const runtime::HttpRequest& request) override;
  runtime::HttpResponse refuse(const runtime::HttpRequest& request,
                               const aws::Error& error) override;
  std::shared_ptr<runtime::BodySink> sink(const runtime::HttpRequest& head) override;

 private:
  aws::Answer perform(const runtime::HttpRequest& request, aws::Call& call,
                      std::unique_ptr<ObjectReader>& reader);

  S3& s3_;
};

}  // namespace pawl::connectors::s3
