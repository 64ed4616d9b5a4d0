// A YAML document as a tree of values that know where they stand. yaml-cpp stays behind this.
//
// yaml-cpp recurses: about 1 KiB of stack for each level of nesting, so call this from a thread
// with a stack of its own (the CLI, the service's loading of definitions), not from a small fiber.
#pragma once

#include "asl/json/value.h"
#include "asl/parse/parse.h"
#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl {

// A definition has at most 1 MiB (service quota), in YAML too.
inline constexpr std::size_t kYamlBytesMax = std::size_t{1} << 20;
// Values in the document with every alias written out. Without aliases a document of the largest
// size has at most half as many; ten lines of aliases to aliases can have billions.
inline constexpr std::size_t kYamlValuesMax = std::size_t{1} << 20;

struct YamlNode {
  Value value;
  SourceLine place;
  std::size_t values = 1;  // in here, aliases written out
  // Members or items: the key (empty for an item), where it stands, and the node's index.
  struct Child {
    std::string key;
    SourceLine place;
    std::size_t node = 0;
  };
  std::vector<Child> children;
};

struct YamlDocument {
  std::vector<YamlNode> nodes;  // children before parents
  std::size_t root = 0;
};

// kInvalid with `where` = "line L, column C"; kLimit for a document that is too large or too deep.
Result<YamlDocument> parse_yaml(std::string_view text);

// locate() for YAML.
Result<SourceLine> locate_yaml(std::string_view text, std::string_view pointer);

}  // namespace pawl::asl
