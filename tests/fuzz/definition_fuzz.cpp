// A definition is any text: checking it, compiling it, listing what it reads and finding places in
// it must not crash, and what is found valid must compile.
#include "asl/json/reader.h"
#include "asl/parse/parse.h"
#include "asl/validate/batch.h"
#include "asl/validate/label_error.h"
#include "asl/validate/references.h"
#include "asl/validate/validate.h"
#include "base/assert.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using namespace pawl::asl;

bool is_valid(const std::vector<Diagnostic>& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == Severity::kError) return false;
  }
  return true;
}

// The first byte chooses the options.
void check(std::uint8_t choice, std::string_view text) {
  ValidateOptions options;
  options.express = (choice & 1) != 0;
  options.foreign_resources = (choice & 2) != 0;
  options.placeholders = (choice & 4) != 0;
  const std::vector<Diagnostic> diagnostics = validate_text(text, options);
  PAWL_ASSERT(is_valid(diagnostics) == describe(diagnostics).empty());
  static_cast<void>(recorded_label_error(diagnostics, text));
  static_cast<void>(validate_line(text, options, true));
  if (!diagnostics.empty()) static_cast<void>(locate(text, diagnostics.front().location));

  const auto definition = read_json(text);
  if (!definition) return;
  static_cast<void>(variable_references(*definition));
  const auto compiled = compile(*definition);
  PAWL_ASSERT(!is_valid(diagnostics) || options.placeholders || compiled);
  if (!compiled) static_cast<void>(locate(text, compiled.error().where));
  static_cast<void>(validate(machine_of_state(*definition, "S"), options));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  check(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
