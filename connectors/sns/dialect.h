// How SNS writes the query protocol.
#pragma once

#include "connectors/aws/query_protocol.h"

namespace pawl::connectors::sns {

inline constexpr std::string_view kWithoutResult[] = {"DeleteTopic", "SetSubscriptionAttributes",
                                                      "SetTopicAttributes", "Unsubscribe"};

// SubscribeURL. With AuthenticateOnUnsubscribe the call has to be signed, so that is not among
// them.
inline constexpr std::string_view kUnsigned[] = {"ConfirmSubscription"};
inline constexpr std::string_view kUnsignedParameters[] = {"Action", "Version", "TopicArn",
                                                           "Token"};

inline constexpr aws::QueryDialect kDialect{
    .name_space = "http://sns.amazonaws.com/doc/2010-03-31/",
    .flattened = {},
    .numbers = {},
    .booleans = {},
    .pretty = true,  // the size of an answer is part of what a Task shows [rec]
    .declaration = false,
    .without_result = kWithoutResult,
    .unsigned_operations = kUnsigned,
    .unsigned_parameters = kUnsignedParameters};

}  // namespace pawl::connectors::sns
