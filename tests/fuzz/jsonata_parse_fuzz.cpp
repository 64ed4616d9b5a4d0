// JSONata expressions of any bytes: parsing ends with a tree or with a failure that has a code and
// a position inside the text, and analysis looks at every tree.
#include "asl/jsonata/analysis.h"
#include "asl/jsonata/jsonata.h"
#include "base/assert.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::asl::jsonata;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Dialect dialect : {Dialect::kAws, Dialect::kReference}) {
    Failure failure;
    const auto expression = Expression::parse(text, dialect, failure);
    if (!expression) {
      PAWL_ASSERT(!failure.code.empty() && !failure.message.empty());
      PAWL_ASSERT(failure.position <= static_cast<int>(size) + 1);
      continue;
    }
    const Analysis analysis = analyse(*expression);
    for (const Reference& each : analysis.unsupported) {
      PAWL_ASSERT(each.position <= static_cast<int>(size));
    }
  }
  return 0;
}
