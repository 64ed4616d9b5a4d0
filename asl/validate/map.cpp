// Map and Parallel: their machines, and the fields of a Distributed Map.
#include "asl/validate/context.h"
#include "asl/validate/expressions.h"
#include "asl/validate/label_error.h"
#include "asl/validate/names.h"
#include "asl/validate/states.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::asl {
namespace {

constexpr double kMaxItems = 100000000;         // items of one Map Run (hard quota)
constexpr std::size_t kItemsPointerEnd = 2000;  // characters
constexpr double kNoMaximum = std::numeric_limits<double>::max();

constexpr std::string_view kInputTypes[] = {"CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"};
constexpr std::string_view kManifestTypes[] = {"ATHENA_DATA", "S3_INVENTORY"};
constexpr std::string_view kReaderTransformations[] = {"NONE", "LOAD_AND_FLATTEN"};
constexpr std::string_view kDelimiters[] = {"COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"};
constexpr std::string_view kHeaderLocations[] = {"FIRST_ROW", "GIVEN"};
constexpr std::string_view kOutputTypes[] = {"JSON", "JSONL"};
constexpr std::string_view kWriterTransformations[] = {"NONE", "COMPACT", "FLATTEN"};

bool has_text(const Value* object, std::string_view field, std::string_view text) {
  const Value* value = object != nullptr ? object->find(field) : nullptr;
  return value != nullptr && value->is_string() && value->as_string() == text;
}

// The part of an integration ARN behind "arn:<partition>:states:::".
std::string_view integration_of(std::string_view arn) {
  const std::string_view middle = ":states:::";
  const std::size_t at = arn.find(middle);
  if (!arn.starts_with("arn:aws") || at == std::string_view::npos) return {};
  return arn.substr(at + middle.size());
}

void report_unknown_resource(const Context& context, const Value& resource, const Place& place) {
  context.report.schema_error(
      "The resource provided " + std::string(resource.as_string()) +
          " is not recognized. The value is not a valid resource ARN, or the resource is not "
          "available in this region.",
      place);
}

void check_reader_resource(const Context& context, const Value& resource, const Place& place) {
  if (!resource.is_string()) return;
  const std::string_view integration = integration_of(resource.as_string());
  if (integration == "s3:getObject" || integration == "s3:listObjectsV2") return;
  report_unknown_resource(context, resource, place);
}

void check_writer_resource(const Context& context, const Value& resource, const Place& place) {
  if (!resource.is_string()) return;
  if (integration_of(resource.as_string()) == "s3:putObject") return;
  report_unknown_resource(context, resource, place);
}

void check_csv_headers(const Context& context, const Value& headers, const Place& place) {
  if (!headers.is_array()) return report_type(context, place, "ARRAY");
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (!headers.items()[i].is_string()) report_type(context, place[i], "STRING");
  }
}

// A JSON Pointer of less than 2,000 characters. Source: developer guide, "ItemReader (Map)".
void check_items_pointer(const Context& context, const Value& pointer, const Place& place) {
  if (!pointer.is_string() || is_placeholder(context, pointer)) return;
  const std::string_view text = pointer.as_string();
  if (!text.empty() && text.front() != '/') {
    context.report.schema_error("ItemsPointer must be a JSON Pointer", place);
  } else if (character_count(text) >= kItemsPointerEnd) {
    context.report.schema_error("ItemsPointer must have less than 2000 characters", place);
  }
}

const FieldRule kReaderConfigFields[] = {
    {.name = "InputType", .form = Form::kEnum, .values = kInputTypes},
    {.name = "ManifestType", .form = Form::kEnum, .values = kManifestTypes},
    {.name = "Transformation", .form = Form::kEnum, .values = kReaderTransformations},
    {.name = "CSVDelimiter", .form = Form::kEnum, .values = kDelimiters},
    {.name = "CSVHeaderLocation", .form = Form::kEnum, .values = kHeaderLocations},
    {.name = "CSVHeaders", .form = Form::kCustom, .check = check_csv_headers},
    {.name = "ItemsPointer", .form = Form::kString, .check = check_items_pointer},
    {.name = "MaxItems", .form = Form::kInteger, .expression = true, .min = 0, .max = kMaxItems},
    {.name = "MaxItemsPath", .form = Form::kReferencePath, .languages = kJsonPathOnly},
};

// Which fields go together. Source: developer guide, "ItemReader (Map)".
void check_reader_config(const Context& context, const Value& config, const Place& place) {
  if (!check_fields(context, config, place, kReaderConfigFields)) return;
  if (has_text(&config, "CSVHeaderLocation", "GIVEN")) {
    check_required(context, config, place, {"CSVHeaders"});
  }
  if (has_text(&config, "Transformation", "LOAD_AND_FLATTEN")) {
    check_required(context, config, place, {"InputType"});
  }
  if (has_text(&config, "ManifestType", "S3_INVENTORY") && config.find("InputType") != nullptr) {
    context.report.schema_error("InputType cannot be set when ManifestType is S3_INVENTORY", place);
  }
  const Value* pointer = config.find("ItemsPointer");
  if (pointer == nullptr) return;
  if (const Value* type = config.find("InputType"); type != nullptr && type->is_string() &&
                                                    type->as_string() != "JSON" &&
                                                    !is_placeholder(context, *type)) {
    context.report.schema_error("ItemsPointer can only be set when InputType is JSON", place);
  }
}

const FieldRule kItemReaderFields[] = {
    {.name = "Resource", .form = Form::kString, .check = check_reader_resource},
    {.name = "Parameters", .form = Form::kTemplate, .languages = kJsonPathOnly},
    {.name = "Arguments", .form = Form::kTemplate, .languages = kJsonataOnly},
    {.name = "ReaderConfig", .form = Form::kCustom, .check = check_reader_config},
};

const FieldRule kItemBatcherFields[] = {
    {.name = "MaxItemsPerBatch",
     .form = Form::kInteger,
     .expression = true,
     .min = 1,
     .max = kNoMaximum},
    {.name = "MaxItemsPerBatchPath", .form = Form::kReferencePath, .languages = kJsonPathOnly},
    {.name = "MaxInputBytesPerBatch",
     .form = Form::kInteger,
     .expression = true,
     .min = 1,
     .max = kPayloadBytes},
    {.name = "MaxInputBytesPerBatchPath", .form = Form::kReferencePath, .languages = kJsonPathOnly},
    {.name = "BatchInput", .form = Form::kTemplate},
};

const FieldRule kWriterConfigFields[] = {
    {.name = "OutputType", .form = Form::kEnum, .values = kOutputTypes},
    {.name = "Transformation", .form = Form::kEnum, .values = kWriterTransformations},
};

void check_writer_config(const Context& context, const Value& config, const Place& place) {
  if (!check_fields(context, config, place, kWriterConfigFields)) return;
  check_required(context, config, place, {"OutputType"});
}

const FieldRule kResultWriterFields[] = {
    {.name = "Resource", .form = Form::kString, .check = check_writer_resource},
    {.name = "Parameters", .form = Form::kTemplate, .languages = kJsonPathOnly},
    {.name = "Arguments", .form = Form::kTemplate, .languages = kJsonataOnly},
    {.name = "WriterConfig", .form = Form::kCustom, .check = check_writer_config},
};

const Value* processor_of(const Value& map) {
  const Value* processor = map.find("ItemProcessor");
  return processor != nullptr ? processor : map.find("Iterator");
}

// Fields that mean nothing in an INLINE Map. Published definitions have them there, so this is no
// error.
constexpr std::string_view kDistributedFields[] = {
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
};

}  // namespace

void check_branches(const Context& context, const Value& branches, const Place& place) {
  if (!branches.is_array()) return report_type(context, place, "ARRAY");
  if (branches.size() == 0) return context.report.schema_error("Value cannot be empty", place);
  for (std::size_t i = 0; i < branches.size(); ++i) {
    append_machine(context, {.kind = PendingMachine::Kind::kBranch,
                             .json = &branches.items()[i],
                             .place = place[i].prefix(),
                             .express = context.express});
  }
}

void check_item_processor(const Context& context, const Value& processor, const Place& place) {
  if (!processor.is_object()) return;
  const Value* config = processor.find("ProcessorConfig");
  append_machine(context,
                 {.kind = PendingMachine::Kind::kItemProcessor,
                  .json = &processor,
                  .place = place.prefix(),
                  .express = context.express || has_text(config, "ExecutionType", "EXPRESS"),
                  .distributed = has_text(config, "Mode", "DISTRIBUTED")});
}

void check_items(const Context& context, const Value& items, const Place& place) {
  if (items.is_string() && has_jsonata_marker(items.as_string())) {
    check_jsonata_string(context, items.as_string(), place);
  } else if (items.is_array() || items.is_object()) {
    check_template(context, items, place);
  } else {
    report_type(context, place, "ARRAY");
  }
}

void check_item_reader(const Context& context, const Value& reader, const Place& place) {
  if (!check_fields(context, reader, place, kItemReaderFields)) return;
  check_required(context, reader, place, {"Resource"});
}

void check_item_batcher(const Context& context, const Value& batcher, const Place& place) {
  if (!check_fields(context, batcher, place, kItemBatcherFields)) return;
  const bool limited = batcher.find("MaxItemsPerBatch") != nullptr ||
                       batcher.find("MaxItemsPerBatchPath") != nullptr ||
                       batcher.find("MaxInputBytesPerBatch") != nullptr ||
                       batcher.find("MaxInputBytesPerBatchPath") != nullptr;
  if (!limited) {
    context.report.schema_error(
        "One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]", place);
  }
}

void check_result_writer(const Context& context, const Value& writer, const Place& place) {
  if (!check_fields(context, writer, place, kResultWriterFields)) return;
  const bool exports = writer.find("Parameters") != nullptr || writer.find("Arguments") != nullptr;
  if (exports || writer.find("WriterConfig") == nullptr) {
    check_required(context, writer, place, {"Resource"});
  }
}

// The texts are those of the recorded answers: recorded_label_error() passes them on.
void check_label(const Context& context, const Value& label, const Place& place) {
  if (!label.is_string()) return;
  const std::string_view text = label.as_string();
  if (text.empty()) {
    context.report.error(code::kInvalidLabel, "Label cannot be empty", place);
  } else if (character_count(text) > kLabelMax) {
    context.report.error(code::kInvalidLabel,
                         "Label cannot exceed " + std::to_string(kLabelMax) + " characters", place);
  } else if (const std::optional<std::uint32_t> invalid = invalid_label_character(text)) {
    context.report.error(code::kInvalidLabel,
                         "Label contains invalid character: " + python_repr(*invalid), place);
  } else if (!context.document.labels.insert(text).second) {
    context.report.error(code::kDuplicateLabel, "Duplicate label name: " + std::string(text),
                         place);
  }
}

void check_map(const Context& context, const Value& state, const Place& place) {
  check_exactly_one(context, state, place, {"ItemProcessor", "Iterator"});
  check_at_most_one(context, state, place, {"ItemSelector", "Parameters"});
  const Value* processor = processor_of(state);
  const Value* config = processor != nullptr ? processor->find("ProcessorConfig") : nullptr;
  if (config != nullptr && has_text(config, "Mode", "DISTRIBUTED")) {
    if (context.express) {
      context.report.schema_error("Express state machine does not support Distributed Map", place);
    }
    return;
  }
  for (const std::string_view field : kDistributedFields) {
    if (state.find(field) == nullptr) continue;
    context.report.warning(
        code::kSchema,
        "Field '" + std::string(field) + "' is ignored: the Map is not in DISTRIBUTED mode", place);
  }
}

}  // namespace pawl::asl
