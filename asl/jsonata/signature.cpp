#include "asl/jsonata/signature.h"

#include "asl/jsonata/fault.h"

#include <algorithm>

namespace pawl::asl::jsonata {
namespace {

std::size_t closing_bracket(std::string_view text, std::size_t start, char open, char close) {
  int depth = 1;
  std::size_t position = start;
  while (position < text.size()) {
    ++position;
    const char c = position < text.size() ? text[position] : '\0';
    if (c == close) {
      if (--depth == 0) break;
    } else if (c == open) {
      ++depth;
    }
  }
  return position;
}

// Backtracking match of the parameters from `index` on; `exact` asks for the whole text.
bool match_from(const std::vector<Parameter>& parameters, std::size_t index, std::size_t end,
                std::string_view letters, std::size_t at, bool exact, std::vector<int>& counts,
                std::size_t& reached) {
  if (index == end) {
    reached = at;
    return !exact || at == letters.size();
  }
  const Parameter& parameter = parameters[index];
  const std::size_t least = parameter.optional && !parameter.repeated ? 0 : 1;
  std::size_t most = 0;
  const std::size_t bound = parameter.repeated ? letters.size() - at : 1;
  while (most < bound && at + most < letters.size() &&
         parameter.symbols.find(letters[at + most]) != std::string::npos) {
    ++most;
  }
  for (std::size_t taken = most + 1; taken-- > least;) {
    counts[index] = static_cast<int>(taken);
    if (match_from(parameters, index + 1, end, letters, at + taken, exact, counts, reached)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::shared_ptr<const Signature> parse_signature(std::string_view definition) {
  auto signature = std::make_shared<Signature>();
  signature->definition = definition;
  std::vector<Parameter>& parameters = signature->parameters;
  Parameter before_first;
  for (std::size_t i = 1; i < definition.size() && definition[i] != ':'; ++i) {
    const char symbol = definition[i];
    Parameter& previous = parameters.empty() ? before_first : parameters.back();
    Parameter parameter;
    parameter.type = std::string(1, symbol);
    switch (symbol) {
      case 's':
      case 'n':
      case 'b':
      case 'l':
      case 'o':
        parameter.symbols = std::string(1, symbol) + "m";
        parameters.push_back(parameter);
        break;
      case 'a':
      case 'x':
        parameter.symbols = "asnblfom";
        parameters.push_back(parameter);
        break;
      case 'j':
        parameter.symbols = "asnblom";
        parameters.push_back(parameter);
        break;
      case 'f':
        parameter.symbols = "f";
        parameters.push_back(parameter);
        break;
      case '-':
        previous.context = true;
        previous.optional = true;
        break;
      case '?':
        previous.optional = true;
        break;
      case '+':
        previous.repeated = true;
        break;
      case '(': {
        const std::size_t end = closing_bracket(definition, i, '(', ')');
        const std::string choice(
            definition.substr(std::min(i + 1, definition.size()), end - i - 1));
        if (choice.find('<') != std::string::npos) {
          Fault fault;
          fault.code = "S0402";
          fault.position = static_cast<int>(i);
          fault.value = Value::string(choice);
          throw fault;
        }
        parameter.symbols = choice + "m";
        parameter.type = "(" + choice + ")";
        parameters.push_back(parameter);
        i = end;
        break;
      }
      case '<': {
        if (previous.type != "a" && previous.type != "f") {
          Fault fault;
          fault.code = "S0401";
          fault.position = static_cast<int>(i);
          fault.value = previous.type.empty() ? Value() : Value::string(previous.type);
          throw fault;
        }
        const std::size_t end = closing_bracket(definition, i, '<', '>');
        previous.subtype = std::string(definition.substr(i + 1, end - i - 1));
        previous.has_subtype = true;
        i = end;
        break;
      }
      default:
        break;
    }
  }
  return signature;
}

bool match_signature(const Signature& signature, std::string_view letters,
                     std::vector<int>& counts) {
  counts.assign(signature.parameters.size(), 0);
  std::size_t reached = 0;
  return match_from(signature.parameters, 0, signature.parameters.size(), letters, 0, true, counts,
                    reached);
}

int mismatch_index(const Signature& signature, std::string_view letters) {
  std::vector<int> counts(signature.parameters.size(), 0);
  std::size_t good = 0;
  for (std::size_t n = 1; n <= signature.parameters.size(); ++n) {
    std::size_t reached = 0;
    if (!match_from(signature.parameters, 0, n, letters, 0, false, counts, reached)) break;
    good = reached;
  }
  return static_cast<int>(good);
}

}  // namespace pawl::asl::jsonata
