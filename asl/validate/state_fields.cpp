#include "asl/parse/resource.h"
#include "asl/validate/context.h"
#include "asl/validate/states.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <string>

namespace pawl::asl {
namespace {

constexpr double kSecondsMax = 99999999;  // of every timeout and wait
constexpr double kNoMaximum = std::numeric_limits<double>::max();
constexpr std::string_view kLanguages[] = {"JSONPath", "JSONata"};

// Paths in the result of a Pass are not followed, which surprises people.
void warn_static_result(const Context& context, const Value& result, const Place& place) {
  if (!result.is_object()) return;
  const auto members = result.members();
  if (std::any_of(members.begin(), members.end(),
                  [](const Member& member) { return member.key.as_string().ends_with(".$"); })) {
    context.report.warning(code::kPassResultIsStatic,
                           "Attempt to use a path in the result of a pass state.", place);
  }
}

constexpr unsigned kTransitions = kPass | kTask | kWait | kParallel | kMap;
constexpr unsigned kWorkers = kTask | kParallel | kMap;
constexpr unsigned kNotFail = kAnyType & ~unsigned{kFail};

// Every field of a state: where it is supported, in which language, and what it may hold.
// Source: `asl-facts` section 2. In the order of that table.
const FieldRule kStateFields[] = {
    {.name = "Type"},
    {.name = "Comment", .form = Form::kString},
    {.name = "QueryLanguage", .form = Form::kEnum, .values = kLanguages},
    {.name = "Next", .form = Form::kString, .types = kTransitions},
    {.name = "End", .form = Form::kBoolean, .types = kTransitions},
    {.name = "InputPath", .form = Form::kPath, .types = kNotFail, .languages = kJsonPathOnly},
    {.name = "OutputPath", .form = Form::kPath, .types = kNotFail, .languages = kJsonPathOnly},
    {.name = "Parameters",
     .form = Form::kTemplate,
     .types = kPass | kWorkers,
     .languages = kJsonPathOnly},
    {.name = "ResultSelector",
     .form = Form::kTemplate,
     .types = kWorkers,
     .languages = kJsonPathOnly},
    {.name = "ResultPath",
     .form = Form::kResultPath,
     .types = kPass | kWorkers,
     .languages = kJsonPathOnly},
    {.name = "Result", .types = kPass, .languages = kJsonPathOnly, .check = warn_static_result},
    {.name = "Arguments",
     .form = Form::kTemplate,
     .types = kTask | kParallel,
     .languages = kJsonataOnly},
    {.name = "Output",
     .form = Form::kTemplate,
     .types = kNotFail,
     .languages = kJsonataOnly,
     .moment = Moment::kExit},
    {.name = "Assign",
     .form = Form::kObject,
     .types = kPass | kWorkers | kChoice | kWait,
     .check = check_assign,
     .moment = Moment::kExit},
    {.name = "Retry", .form = Form::kCustom, .types = kWorkers, .check = check_retry},
    {.name = "Catch", .form = Form::kCustom, .types = kWorkers, .check = check_catch},

    {.name = "Resource", .form = Form::kString, .types = kTask, .check = check_resource},
    {.name = "TimeoutSeconds",
     .form = Form::kInteger,
     .types = kTask,
     .expression = true,
     .min = 1,
     .max = kSecondsMax},
    {.name = "TimeoutSecondsPath",
     .form = Form::kReferencePath,
     .types = kTask,
     .languages = kJsonPathOnly},
    {.name = "HeartbeatSeconds",
     .form = Form::kInteger,
     .types = kTask,
     .expression = true,
     .min = 1,
     .max = kSecondsMax},
    {.name = "HeartbeatSecondsPath",
     .form = Form::kReferencePath,
     .types = kTask,
     .languages = kJsonPathOnly},
    {.name = "Credentials", .form = Form::kTemplate, .types = kTask},  // see check_task

    {.name = "Choices", .form = Form::kCustom, .types = kChoice, .check = check_choices},
    {.name = "Default", .form = Form::kString, .types = kChoice},

    {.name = "Seconds",
     .form = Form::kInteger,
     .types = kWait,
     .expression = true,
     .min = 0,
     .max = kSecondsMax},
    {.name = "SecondsPath",
     .form = Form::kReferencePath,
     .types = kWait,
     .languages = kJsonPathOnly},
    {.name = "Timestamp", .form = Form::kTimestamp, .types = kWait, .expression = true},
    {.name = "TimestampPath",
     .form = Form::kReferencePath,
     .types = kWait,
     .languages = kJsonPathOnly},

    {.name = "Error", .form = Form::kText, .types = kFail, .expression = true},
    {.name = "ErrorPath",
     .form = Form::kPathOrIntrinsic,
     .types = kFail,
     .languages = kJsonPathOnly},
    {.name = "Cause", .form = Form::kText, .types = kFail, .expression = true},
    {.name = "CausePath",
     .form = Form::kPathOrIntrinsic,
     .types = kFail,
     .languages = kJsonPathOnly},

    {.name = "Branches", .form = Form::kCustom, .types = kParallel, .check = check_branches},

    {.name = "ItemProcessor", .form = Form::kObject, .types = kMap, .check = check_item_processor},
    {.name = "Iterator", .form = Form::kObject, .types = kMap, .check = check_item_processor},
    {.name = "Items",
     .form = Form::kCustom,
     .types = kMap,
     .languages = kJsonataOnly,
     .check = check_items},
    {.name = "ItemsPath", .form = Form::kReferencePath, .types = kMap, .languages = kJsonPathOnly},
    {.name = "ItemSelector", .form = Form::kTemplate, .types = kMap},
    {.name = "ItemReader", .form = Form::kCustom, .types = kMap, .check = check_item_reader},
    {.name = "ItemBatcher", .form = Form::kCustom, .types = kMap, .check = check_item_batcher},
    {.name = "ResultWriter", .form = Form::kCustom, .types = kMap, .check = check_result_writer},
    {.name = "MaxConcurrency",
     .form = Form::kInteger,
     .types = kMap,
     .expression = true,
     .min = 0,
     .max = kNoMaximum},
    {.name = "MaxConcurrencyPath",
     .form = Form::kReferencePath,
     .types = kMap,
     .languages = kJsonPathOnly},
    {.name = "ToleratedFailureCount",
     .form = Form::kInteger,
     .types = kMap,
     .expression = true,
     .min = 0,
     .max = kNoMaximum},
    {.name = "ToleratedFailureCountPath",
     .form = Form::kReferencePath,
     .types = kMap,
     .languages = kJsonPathOnly},
    {.name = "ToleratedFailurePercentage",
     .form = Form::kNumber,
     .types = kMap,
     .expression = true,
     .min = 0,
     .max = 100},
    {.name = "ToleratedFailurePercentagePath",
     .form = Form::kReferencePath,
     .types = kMap,
     .languages = kJsonPathOnly},
    {.name = "Label", .form = Form::kString, .types = kMap, .check = check_label},
};

// Each type of state: what it needs and what is checked over several of its fields. The order is
// the service's, in the text for an unknown type.
struct StateType {
  std::string_view name;
  StateTypes type;
  std::initializer_list<std::string_view> required;
  FieldRule::Check check;
};
const StateType kStateTypes[] = {
    {"Task", kTask, {"Resource"}, check_task},
    {"Wait", kWait, {}, check_wait},
    {"Pass", kPass, {}, nullptr},
    {"Succeed", kSucceed, {}, nullptr},
    {"Fail", kFail, {}, nullptr},
    {"Choice", kChoice, {"Choices"}, nullptr},
    {"Parallel", kParallel, {"Branches"}, nullptr},
    {"Map", kMap, {}, check_map},
};

void report_unknown_type(const Context& context, const Place& place) {
  std::string_view names[std::size(kStateTypes)];
  std::transform(std::begin(kStateTypes), std::end(kStateTypes), names,
                 [](const StateType& type) { return type.name; });
  context.report.schema_error(
      "The field 'Type' should have one of these values: " + list_text(names), place / "Type");
}

// Next or `End: true`, not both. `End: false` is as good as none.
void check_transition(const Context& context, const Value& state, const Place& place) {
  const Value* end = state.find("End");
  const bool ends = end != nullptr && !(end->is_bool() && !end->as_bool());
  const bool goes_on = state.find("Next") != nullptr;
  if (ends && goes_on) {
    check_at_most_one(context, state, place, {"Next", "End"});
  } else if (!ends && !goes_on) {
    context.report.schema_error("One of these fields is required: [Next, End]", place);
  }
}

}  // namespace

QueryLanguage state_language(const Context& context, const Value& state) {
  const Value* language = state.find("QueryLanguage");
  if (language == nullptr) return context.document.query_language;
  return language->is_string() && language->as_string() == "JSONPath" ? QueryLanguage::kJsonPath
                                                                      : QueryLanguage::kJsonata;
}

void check_state(const Context& machine_context, const Value& state, const Place& place) {
  if (!state.is_object()) return report_type(machine_context, place, "OBJECT");
  Context context = machine_context;
  context.language = state_language(context, state);
  if (!context.jsonata() && context.document.query_language == QueryLanguage::kJsonata) {
    context.report.schema_error(
        "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", place);
  }

  const Value* type = state.find("Type");
  if (type == nullptr) return check_required(context, state, place, {"Type"});
  const auto known = std::find_if(std::begin(kStateTypes), std::end(kStateTypes),
                                  [type](const StateType& candidate) {
                                    return type->is_string() && candidate.name == type->as_string();
                                  });
  if (known == std::end(kStateTypes)) return report_unknown_type(context, place);

  context.works = (known->type & kWorkers) != 0;
  check_required(context, state, place, known->required);
  check_fields(context, state, place, kStateFields, known->type);
  if ((known->type & kTransitions) != 0) check_transition(context, state, place);
  if (known->check != nullptr) known->check(context, state, place);
}

}  // namespace pawl::asl
