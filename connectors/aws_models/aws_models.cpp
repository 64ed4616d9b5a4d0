#include "connectors/aws_models/aws_models.h"

#include <algorithm>
#include <charconv>

namespace pawl::connectors {

namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// What stands before `separator`; `text` becomes what stands behind it.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return taken;
}

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

// "KEY=VALUE": true if that is the key.
bool is_word(std::string_view word, std::string_view key, std::string_view& value) {
  if (!word.starts_with(key) || word.size() <= key.size() || word[key.size()] != '=') return false;
  value = word.substr(key.size() + 1);
  return true;
}

std::optional<AwsType> type_of(char letter) {
  switch (letter) {
    case 's':
      return AwsType::kString;
    case 'e':
      return AwsType::kEnum;
    case 'i':
      return AwsType::kInteger;
    case 'f':
      return AwsType::kFloat;
    case 'b':
      return AwsType::kBoolean;
    case 'x':
      return AwsType::kBlob;
    case 't':
      return AwsType::kTimestamp;
    case 'L':
      return AwsType::kList;
    case 'M':
      return AwsType::kMap;
    case 'S':
      return AwsType::kStructure;
    default:
      return std::nullopt;
  }
}

// ">3<255", each part optional.
bool read_bounds(std::string_view text, AwsShape& shape) {
  if (text.starts_with('>')) {
    const std::size_t end = text.find('<');
    if (!read_number(text.substr(1, end == std::string_view::npos ? end : end - 1),
                     shape.min.emplace())) {
      return false;
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end);
  }
  if (text.empty()) return true;
  return text.starts_with('<') && read_number(text.substr(1), shape.max.emplace());
}

std::optional<AwsShape> read_shape(std::string_view line) {
  if (line.empty()) return std::nullopt;
  AwsShape shape;
  const std::optional<AwsType> type = type_of(line[0]);
  if (!type) return std::nullopt;
  shape.type = *type;
  const std::string_view head = take(line, ' ');
  if (!read_bounds(head.substr(1), shape)) return std::nullopt;
  switch (shape.type) {
    case AwsType::kEnum:
      while (!line.empty()) shape.values.push_back(take(line, '|'));
      return shape;
    case AwsType::kList:
    case AwsType::kMap:
      if (!read_number(line, shape.element)) return std::nullopt;
      return shape;
    case AwsType::kStructure:
      while (!line.empty()) {
        AwsMember member;
        std::string_view word = take(line, ' ');
        member.required = word.starts_with('!');
        if (member.required) word.remove_prefix(1);
        member.name = take(word, '=');
        if (member.name.empty() || !read_number(word, member.shape)) return std::nullopt;
        shape.members.push_back(member);
      }
      return shape;
    default:
      if (!line.empty()) return std::nullopt;
      return shape;
  }
}

}  // namespace

// A shape's own line may have no words behind it, but never begins with '@' or '.'.
bool AwsService::add_line(std::string_view line) {
  if (line.starts_with('@')) {
    while (!line.empty()) is_word(take(line, ' '), "protocol", protocol_);
    return true;
  }
  if (line.starts_with('.')) {
    AwsOperation operation;
    operation.name = take(line, ' ').substr(1);
    while (!line.empty()) {
      std::string_view output;
      if (!is_word(take(line, ' '), "out", output)) continue;
      if (!read_number(output, operation.output.emplace())) return false;
    }
    operations_.push_back(operation);
    return true;
  }
  std::optional<AwsShape> shape = read_shape(line);
  if (!shape) return false;
  shapes_.push_back(*std::move(shape));
  return true;
}

bool AwsService::consistent() const {
  const auto known = [this](std::uint32_t number) { return number < shapes_.size(); };
  return std::all_of(operations_.begin(), operations_.end(),
                     [&](const AwsOperation& one) { return !one.output || known(*one.output); }) &&
         std::all_of(shapes_.begin(), shapes_.end(), [&](const AwsShape& shape) {
           const bool container = shape.type == AwsType::kList || shape.type == AwsType::kMap;
           return (!container || known(shape.element)) &&
                  std::all_of(shape.members.begin(), shape.members.end(),
                              [&](const AwsMember& member) { return known(member.shape); });
         });
}

std::optional<AwsService> AwsService::parse(std::string_view section) {
  AwsService service;
  bool begun = false;
  while (!section.empty()) {
    const std::string_view line = take(section, '\n');
    if (begun && line.starts_with('@')) break;  // the next service
    begun = true;
    if (!service.add_line(line)) return std::nullopt;
  }
  if (!begun || !service.consistent()) return std::nullopt;
  return service;
}

std::optional<AwsService> AwsService::find(std::string_view id) {
  if (id.find_first_of(" \n") != std::string_view::npos) return std::nullopt;
  const std::string_view models = aws_models_text();
  std::string head = "\n@";
  head.append(id).append(" ");
  const std::size_t found = models.find(head);
  if (id.empty() || found == std::string_view::npos) return std::nullopt;
  return parse(models.substr(found + 1));
}

const AwsOperation* AwsService::operation(std::string_view name) const {
  const auto found =
      std::find_if(operations_.begin(), operations_.end(), [name](const AwsOperation& one) {
        return one.name.size() == name.size() && !name.empty() &&
               upper(one.name[0]) == upper(name[0]) && one.name.substr(1) == name.substr(1);
      });
  return found == operations_.end() ? nullptr : &*found;
}

std::string integration_name(std::string_view member) {
  std::string name(member);
  if (!name.empty()) name[0] = upper(name[0]);
  return name;
}

}  // namespace pawl::connectors
