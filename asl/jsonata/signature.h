// Function signatures such as `<s-nn?:s>`. Internal to asl/jsonata.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl::jsonata {

struct Parameter {
  std::string symbols;  // letters that an argument may have; `m` is a missing one
  std::string type;     // `a`, `s`, ... or a group such as `(sf)`
  std::string subtype;  // of `a` and `f`
  bool has_subtype = false;
  bool context = false;
  bool optional = false;
  bool repeated = false;
};

struct Signature {
  std::string definition;
  std::vector<Parameter> parameters;
};

// Throws Fault S0401 or S0402, with the offset in the definition as position.
std::shared_ptr<const Signature> parse_signature(std::string_view definition);

// Matches the letters of the arguments; on success `counts` says how many each parameter takes.
bool match_signature(const Signature& signature, std::string_view letters,
                     std::vector<int>& counts);
// Index (from 0) of the first argument that does not fit.
int mismatch_index(const Signature& signature, std::string_view letters);

}  // namespace pawl::asl::jsonata
