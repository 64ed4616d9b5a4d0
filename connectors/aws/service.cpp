#include "connectors/aws/service.h"

#include "runtime/log/log.h"

namespace pawl::connectors::aws {

Error store_error(const pawl::Error& failure) {
  switch (failure.code) {
    case ErrorCode::kLimit:
      return {"ThrottlingException", "Rate exceeded", 400, {}};
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return {"ServiceUnavailable", "The service is not available; try again.", 503, {}};
    default:
      runtime::log().error("A request failed: {} ({})", failure.message, failure.where);
      return {
          "InternalFailure", "The request could not be processed; see the server's log.", 500, {}};
  }
}

}  // namespace pawl::connectors::aws
