// What AWS's APIs answer, as data: services, their operations, and the shapes of the outputs.
//
// models.txt is made by tools/aws_models.py of the public API models and is part of the program.
// Text, so that a change of it can be read; a service is found by a scan and parsed when somebody
// asks, so that a program that never asks pays nothing:
//
//   pawl-aws-models 1
//   @dynamodb protocol=json endpoint=dynamodb version=2012-08-10    a service
//   .PutItem out=7                                                  its operations
//   S !TableName=1 Item=4 ...      shape 0 of the service: a structure, ! marks required members
//   s>3<255                        shape 1: a string of 3 to 255 characters
//   e ACTIVE|DELETING              an enum           i f b x t   integer, float, boolean, blob,
//   L>0<25 6                       a list of shape 6 M 6         timestamp   a map of shape 6
//
// Readers skip words of a service or an operation that they do not know. Inputs and HTTP bindings
// are elsewhere: api_model.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::connectors {

enum class AwsType : std::uint8_t {
  kString,
  kEnum,
  kInteger,
  kFloat,
  kBoolean,
  kBlob,
  kTimestamp,
  kList,
  kMap,
  kStructure,
};

struct AwsMember {
  std::string_view name;  // as the API has it
  std::uint32_t shape = 0;
  bool required = false;
};

struct AwsShape {
  AwsType type = AwsType::kString;
  std::optional<double> min;  // of a number, a length, a count
  std::optional<double> max;
  std::vector<std::string_view> values;  // kEnum
  std::uint32_t element = 0;             // kList, kMap
  std::vector<AwsMember> members;        // kStructure
};

struct AwsOperation {
  std::string_view name;  // "PutItem"
  std::optional<std::uint32_t> output;
};

// One service. Views into the models' text, which lives as long as the program (or as what parse()
// was given).
class AwsService {
 public:
  // `id` as an aws-sdk resource names it: "dynamodb", "sfn", "cloudwatchlogs". Empty: unknown.
  static std::optional<AwsService> find(std::string_view id);
  // The section of a service, from its '@' on. Empty if it is damaged.
  static std::optional<AwsService> parse(std::string_view section);

  std::string_view protocol() const { return protocol_; }
  // "putItem" or "PutItem"; nullptr: it has none of that name.
  const AwsOperation* operation(std::string_view name) const;
  // Of this service; every number in its shapes and operations is one.
  const AwsShape& shape(std::uint32_t number) const { return shapes_[number]; }

 private:
  bool add_line(std::string_view line);
  bool consistent() const;

  std::string_view protocol_;
  std::vector<AwsOperation> operations_;
  std::vector<AwsShape> shapes_;
};

// The text of models.txt.
std::string_view aws_models_text();

// A member's name in the answers of a service integration: its first letter is a capital, whatever
// the API has ("executionArn" is "ExecutionArn").
std::string integration_name(std::string_view member);

}  // namespace pawl::connectors
