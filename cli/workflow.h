// What `pawl run DEFINITION|DIR` is pointed at: a definition and what lies around it.
//
//   DIR/NAME.asl.json (or .asl.yaml, .asl.yml)   the state machine, called NAME
//   DIR/input.json                               its input, unless --input is given
//   DIR/functions/                               its functions, unless --functions is given
//   DIR/mocks.json                               where --mock CASE is looked up
//   DIR/resources.json                           tables, queues, buckets it expects, unless
//                                                --resources is given
//
// A DEFINITION is a file of any name; functions, mocks and resources beside it are found the same
// way, the input is not.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace pawl::cli {

struct Workflow {
  std::string name;  // of the state machine: the file's name without endings
  std::string path;  // of the definition, as it was given
  std::string text;  // of the definition, JSON or YAML
  std::string json;  // the same as JSON: what is registered
  asl::Value definition;
  std::string input_file;  // these four are empty where there is none
  std::string functions;
  std::string mocks;
  std::string resources;
};

// kInvalid, kNotFound: a message for people, with the place of a syntax error.
Result<Workflow> open_workflow(const std::string& path);

// A definition's text as a value, JSON or YAML. `path` is for messages, and its ending decides.
Result<asl::Value> read_definition(const std::string& path, std::string_view text);

// "order-fulfilment" for "a/order-fulfilment.asl.json"; characters a machine's name may not have
// become dashes.
std::string machine_name(const std::string& path);

// FILE#CASE for what --mock was given: FILE#CASE as it is, #CASE or CASE with the workflow's mocks.
Result<std::string> resolve_mock(const std::string& argument, const Workflow& workflow);

}  // namespace pawl::cli
