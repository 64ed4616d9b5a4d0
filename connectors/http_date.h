// The Date header of HTTP, as AWS's answers carry it into SdkHttpMetadata.
#pragma once

#include "runtime/clock/clock.h"

#include <string>

namespace pawl::connectors {

// "Fri, 20 Nov 2026 11:30:05 GMT" (RFC 9110, IMF-fixdate). Pure.
std::string http_date(runtime::WallTime now);

}  // namespace pawl::connectors
