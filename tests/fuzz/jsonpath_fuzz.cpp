// Paths, up to the first line feed, on a document, which is the rest or a fixed one: whatever
// parses is evaluated, and its canonical form reads as a path again where it has no filter.
#include "asl/json/reader.h"
#include "asl/path/path.h"
#include "base/assert.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::asl;  // NOLINT(google-build-using-namespace)
  static const Value sample =
      read_json(R"({"a":{"b":[1,2.5,{"c":null,"d":"text"}]},"l":[[1,"2"],[3,["x"]]],"":0,
                   "items":[{"id":1,"t":["a","b"]},{"id":"1","t":[]},{"ok":true}]})")
          .value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  Value document = sample;
  if (line != std::string_view::npos) {
    if (const pawl::Result<Value> given = read_json(text.substr(line + 1))) document = *given;
  }
  const std::string_view selector = text.substr(0, line);

  const pawl::Result<Path> path = Path::parse_lenient(selector);
  if (path) {
    const pawl::Result<Value> result = path->evaluate(document);
    if (result) {
      PAWL_ASSERT(!result->is_undefined() && result->depth() <= kMaxDepth);
      PAWL_ASSERT(path->definite() || result->is_array());
    } else {
      PAWL_ASSERT(!result.error().message.empty());
    }
    PAWL_ASSERT(!path->canonical().empty());
    PAWL_ASSERT(!path->is_root() || result->same_as(document));
    (void)path->past_end(document);
  }
  const pawl::Result<Path> reference = Path::parse_reference(selector);
  if (reference) {
    PAWL_ASSERT(reference->is_reference());
    const pawl::Result<Value> changed = reference->put(document, Value::boolean(true));
    if (changed) PAWL_ASSERT(reference->evaluate(*changed)->as_bool());
  }
  return 0;
}
