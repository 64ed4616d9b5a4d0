// Which service a request is for: several AWS services share the port. Pure.
#pragma once

#include "runtime/http/message.h"

#include <string>

namespace pawl::service {

// The name that the service has in credentials: "states", "sqs", "s3", ... In this order:
//
// 1. X-Amz-Target (AWS JSON): "AmazonSQS.SendMessage".
// 2. The scope of the signature, in the head or the query: ".../us-east-1/sqs/aws4_request".
// 3. A form's Version (query protocol), a Lambda path, else: POST to / is for Step Functions,
//    everything else for S3.
std::string service_of(const runtime::HttpRequest& request);

// Whether a request of `service` is in the query protocol.
bool is_query(const runtime::HttpRequest& request);

}  // namespace pawl::service
