#include "asl/parse/distributed_map.h"

#include "asl/parse/resource.h"

#include <string>
#include <string_view>
#include <utility>

namespace pawl::asl {

namespace {

char delimiter_named(std::string_view name) {
  constexpr std::pair<std::string_view, char> kDelimiters[] = {
      {"COMMA", ','}, {"PIPE", '|'}, {"SEMICOLON", ';'}, {"SPACE", ' '}, {"TAB", '\t'}};
  for (const auto& [known, delimiter] : kDelimiters) {
    if (known == name) return delimiter;
  }
  return ',';
}

}  // namespace

Template DistributedFields::parameters_of(const FieldReader& part) const {
  return part.template_of(language_ == QueryLanguage::kJsonata ? "Arguments" : "Parameters");
}

std::optional<Resource> DistributedFields::resource_of(const FieldReader& part) const {
  const std::optional<std::string> text = part.string("Resource");
  if (!text) return std::nullopt;
  std::optional<Resource> resource = parse_resource(*text);
  if (!resource) part.report("Resource", "'" + *text + "' is no resource that can be called.");
  return resource;
}

std::optional<ItemReader> DistributedFields::item_reader() const {
  const Value* json = fields_.find("ItemReader");
  if (json == nullptr) return std::nullopt;
  const Place place = fields_.place() / "ItemReader";
  const FieldReader part(*json, place, first_error_, language_, "ItemReader/");
  ItemReader reader;
  if (auto resource = resource_of(part)) {
    reader.resource = *std::move(resource);
  } else {
    part.report("Resource", "An ItemReader needs a Resource.");
  }
  reader.parameters = parameters_of(part);
  const Value* config_json = part.find("ReaderConfig");
  if (config_json == nullptr) return reader;
  const Place config_place = place / "ReaderConfig";
  const FieldReader config(*config_json, config_place, first_error_, language_,
                           "ItemReader/ReaderConfig/");
  reader.input_type = config.string("InputType").value_or("");
  reader.manifest_type = config.string("ManifestType").value_or("");
  reader.load_and_flatten = config.string("Transformation") == "LOAD_AND_FLATTEN";
  reader.csv_delimiter = delimiter_named(config.string("CSVDelimiter").value_or("COMMA"));
  if (config.string("CSVHeaderLocation") == "GIVEN") {
    reader.csv_headers = config.strings("CSVHeaders");
  }
  reader.items_pointer = config.string("ItemsPointer").value_or("");
  reader.max_items = config.number_field("MaxItems");
  return reader;
}

std::optional<ItemBatcher> DistributedFields::item_batcher() const {
  const Value* json = fields_.find("ItemBatcher");
  if (json == nullptr) return std::nullopt;
  const Place place = fields_.place() / "ItemBatcher";
  const FieldReader part(*json, place, first_error_, language_, "ItemBatcher/");
  ItemBatcher batcher;
  batcher.max_items_per_batch = part.number_field("MaxItemsPerBatch");
  batcher.max_input_bytes_per_batch = part.number_field("MaxInputBytesPerBatch");
  batcher.batch_input = part.template_of("BatchInput");
  return batcher;
}

std::optional<ResultWriter> DistributedFields::result_writer() const {
  const Value* json = fields_.find("ResultWriter");
  if (json == nullptr) return std::nullopt;
  const Place place = fields_.place() / "ResultWriter";
  const FieldReader part(*json, place, first_error_, language_, "ResultWriter/");
  ResultWriter writer;
  writer.resource = resource_of(part);
  writer.parameters = parameters_of(part);
  const Value* config_json = part.find("WriterConfig");
  if (config_json == nullptr) return writer;
  const Place config_place = place / "WriterConfig";
  const FieldReader config(*config_json, config_place, first_error_, language_);
  writer.json_lines = config.string("OutputType") == "JSONL";
  const std::string transformation = config.string("Transformation").value_or("NONE");
  if (transformation == "COMPACT") {
    writer.transformation = ResultWriter::Transformation::kCompact;
  } else if (transformation == "FLATTEN") {
    writer.transformation = ResultWriter::Transformation::kFlatten;
  }
  return writer;
}

}  // namespace pawl::asl
