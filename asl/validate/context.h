// What a check works with, and the tables of fields that most checks are made of.
#pragma once

#include "asl/json/value.h"
#include "asl/model/definition.h"
#include "asl/model/place.h"
#include "asl/validate/report.h"
#include "asl/validate/validate.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace pawl::asl {

inline constexpr std::size_t kNoMachine = static_cast<std::size_t>(-1);

// A state machine inside the definition that is still to be checked.
struct PendingMachine {
  enum class Kind { kRoot, kBranch, kItemProcessor };
  Kind kind = Kind::kRoot;
  const Value* json = nullptr;
  std::string place = {};  // prefix; "" for the root
  bool express = false;
  Report::Mark mark = {};
  std::size_t parent = kNoMachine;  // the machine around it, in Document::machines
  bool distributed = false;         // its executions are not the parent's: see scopes.h
  std::unordered_set<std::string_view> assigned = {};  // variables; filled when it is checked
};

// What is known of the whole document while it is checked.
struct Document {
  const ValidateOptions& options;
  Report& report;
  QueryLanguage query_language = QueryLanguage::kJsonPath;  // of the root
  std::deque<PendingMachine> machines;  // a deque: it grows while its members are used
  std::unordered_set<std::string_view> state_names;
  std::unordered_set<std::string_view> labels;
};

// When the expressions of a field are evaluated: it decides which members of $states they see.
enum class Moment : std::uint8_t { kEntry, kExit, kCatch };

// Passed to every check: the document, and what the state at hand decides.
struct Context {
  Document& document;
  Report& report;
  const ValidateOptions& options;
  QueryLanguage language = QueryLanguage::kJsonPath;
  bool express = false;            // this machine, or the Map Run it belongs to
  std::size_t machine = 0;         // in Document::machines
  bool works = false;              // Task, Parallel, Map: there is a result
  Moment moment = Moment::kEntry;  // of the field at hand

  bool jsonata() const { return language == QueryLanguage::kJsonata; }
};

// Types of state as a bit set, for the table of fields.
enum StateTypes : std::uint16_t {
  kPass = 1,
  kTask = 2,
  kChoice = 4,
  kWait = 8,
  kSucceed = 16,
  kFail = 32,
  kParallel = 64,
  kMap = 128,
  kAnyType = 255,
};

enum Languages : std::uint8_t { kJsonPathOnly = 1, kJsonataOnly = 2, kBothLanguages = 3 };

// What a field may hold.
enum class Form {
  kAny,
  kString,
  kBoolean,
  kInteger,          // within min..max
  kNumber,           // within min..max
  kEnum,             // one of `values`
  kPath,             // a path or null
  kReferencePath,    // a path to one place, not null
  kResultPath,       // a Reference Path into the input, or null
  kPathOrIntrinsic,  // ErrorPath, CausePath
  kTemplate,         // payload template, or JSON with JSONata expressions
  kText,             // a string; in JSONata possibly an expression
  kTimestamp,        // RFC 3339; in JSONata possibly an expression
  kObject,
  kCustom,  // `check` does all
};

// As a FieldRule's maximum: ValidateOptions::payload_bytes.
inline constexpr double kPayloadBytes = -1;

struct FieldRule {
  using Check = void (*)(const Context&, const Value&, const Place&);

  std::string_view name;
  Form form = Form::kAny;
  std::uint16_t types = kAnyType;
  std::uint8_t languages = kBothLanguages;
  bool expression = false;  // in JSONata an expression may stand here
  double min = 0;
  double max = 0;
  std::span<const std::string_view> values = {};
  Check check = nullptr;  // runs after the form was found right
  Moment moment = Moment::kEntry;
};
using FieldTable = std::span<const FieldRule>;

// Checks each member of `object` against `table`: known, of this language, of the right form. The
// whole object is wrong if it is no object; then the answer is false.
bool check_fields(const Context& context, const Value& object, const Place& place, FieldTable table,
                  StateTypes type = kAnyType);

// "These fields are required: [A, B]"
void check_required(const Context& context, const Value& object, const Place& place,
                    std::initializer_list<std::string_view> fields);
// At most one of `fields` is there; exactly one of them.
void check_at_most_one(const Context& context, const Value& object, const Place& place,
                       std::initializer_list<std::string_view> fields);
void check_exactly_one(const Context& context, const Value& object, const Place& place,
                       std::initializer_list<std::string_view> fields);

// The value of a field by its form; what a FieldRule without `check` does.
void check_form(const Context& context, const Value& value, const Place& place,
                const FieldRule& rule);

// A template of the state's language: paths and intrinsic calls under `.$` keys, or `{% %}`
// strings, at every depth. Reported at `place`, as the service does.
void check_template(const Context& context, const Value& value, const Place& place);

// "Expected value of type [STRING]"
void report_type(const Context& context, const Place& place, std::string_view type);

// True if the definition's own placeholders are allowed and `value` is a string with one: whatever
// stands there in the end is not ours to judge.
bool is_placeholder(const Context& context, const Value& value);

// The language of a state: only the exact word is JSONPath, any other value counts as JSONata.
QueryLanguage state_language(const Context& context, const Value& state);

// "{% ... %}"
bool is_jsonata_string(std::string_view text);

// "[A, B]"
std::string list_text(std::span<const std::string_view> names);

}  // namespace pawl::asl
