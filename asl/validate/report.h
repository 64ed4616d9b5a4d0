// Report: the problems found in one definition, in the order of the document.
//
// Nested machines are checked after the machine that holds them (from a list, not by recursion),
// yet their problems stand where the nested machine stands: mark() keeps a place in the order.
#pragma once

#include "asl/model/place.h"
#include "asl/validate/validate.h"

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl {

namespace code {
inline constexpr std::string_view kSchema = "SCHEMA_VALIDATION_FAILED";
inline constexpr std::string_view kInvalidJson = "INVALID_JSON_DESCRIPTION";
inline constexpr std::string_view kMissingDescription = "MISSING_DESCRIPTION";
inline constexpr std::string_view kInvalidResource = "INVALID_RESOURCE";
inline constexpr std::string_view kMissingEndState = "MISSING_END_STATE";
inline constexpr std::string_view kMissingTarget = "MISSING_TRANSITION_TARGET";
inline constexpr std::string_view kDuplicateState = "DUPLICATE_STATE_NAME";
inline constexpr std::string_view kInvalidState = "INVALID_STATE_NAME";
inline constexpr std::string_view kDuplicateLabel = "DUPLICATE_LABEL_NAME";
inline constexpr std::string_view kInvalidLabel = "INVALID_LABEL_NAME";
inline constexpr std::string_view kTooDeeplyNested = "TOO_DEEPLY_NESTED";
inline constexpr std::string_view kInvalidJsonata = "INVALID_JSONATA_EXPRESSION";
inline constexpr std::string_view kUnsupportedJsonata = "UNSUPPORTED_JSONATA_EXPRESSION";
inline constexpr std::string_view kNoDollar = "NO_DOLLAR";
inline constexpr std::string_view kNoPath = "NO_PATH";
inline constexpr std::string_view kPassResultIsStatic = "PASS_RESULT_IS_STATIC";
}  // namespace code

// A definition that is not meant as one (another kind of document) has a problem per line; nobody
// reads more than this, and the service itself truncates at 100.
inline constexpr std::size_t kMaxDiagnostics = 1000;
// Locations repeat state names, which may be as long as the document: this bounds their sum.
inline constexpr std::size_t kMaxDiagnosticBytes = std::size_t{1} << 20;

class Report {
 public:
  explicit Report(bool warnings) : warnings_(warnings), position_(diagnostics_.end()) {}

  void error(std::string_view code, std::string message, const Place& place);
  // For problems that the service gives no location.
  void error_without_location(std::string_view code, std::string message);
  void warning(std::string_view code, std::string message, const Place& place);

  // Most errors have this code.
  void schema_error(std::string message, const Place& place) {
    error(code::kSchema, std::move(message), place);
  }

  // Keeps the current place in the order; go_to() continues there.
  using Mark = std::list<Diagnostic>::iterator;
  Mark mark() { return diagnostics_.emplace(position_); }
  void go_to(Mark mark) { position_ = mark; }

  // No further diagnostic is kept: checking can stop.
  bool full() const { return count_ >= kMaxDiagnostics || bytes_ >= kMaxDiagnosticBytes; }

  std::vector<Diagnostic> take() &&;  // errors, then warnings

 private:
  void add(Severity severity, std::string_view code, std::string message, std::string location);

  bool warnings_;
  std::list<Diagnostic> diagnostics_;
  Mark position_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace pawl::asl
