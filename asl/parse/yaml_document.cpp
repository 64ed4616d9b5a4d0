#include "asl/parse/yaml_document.h"

#include "asl/json/reader.h"
#include "asl/parse/pointer.h"
#include "asl/parse/yaml_scalar.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace pawl::asl {
namespace {

// Leaves yaml-cpp at the first problem; caught in parse_yaml().
struct Stop : std::exception {
  explicit Stop(Error problem) : error(std::move(problem)) {}
  Error error;
};

SourceLine place_of(const YAML::Mark& mark) {
  return {static_cast<std::size_t>(mark.line + 1), static_cast<std::size_t>(mark.column + 1)};
}

std::string text_of(SourceLine place) {
  return "line " + std::to_string(place.line) + ", column " + std::to_string(place.column);
}

[[noreturn]] void stop(ErrorCode code, std::string message, SourceLine place) {
  throw Stop(Error{code, std::move(message), text_of(place)});
}

// yaml-cpp writes the escapes \N and \_ (U+0085, U+00A0) as single bytes, which are not UTF-8.
std::string whole_characters(std::string_view text) {
  std::string out;
  std::size_t tail = 0;  // bytes of the current character that are still to come
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = (byte & 0xC0) == 0x80;
    if (continues && tail == 0) out += '\xC2';
    if (continues) {
      tail -= tail > 0 ? 1 : 0;
    } else {
      tail = byte < 0xC0 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    }
    out += c;
  }
  return out;
}

// Builds the tree from yaml-cpp's events: open collections on a stack, finished nodes in a list.
class Builder : public YAML::EventHandler {
 public:
  YamlDocument take() && {
    document_.root = document_.nodes.empty() ? 0 : last_;
    return std::move(document_);
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add_scalar(Value::null(), "", anchor, place_of(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& unescaped) override {
    const SourceLine place = place_of(mark);
    const std::string text = whole_characters(unescaped);
    if (expects_key()) {
      if (!is_plain_or_text(tag)) stop(ErrorCode::kInvalid, unknown_tag(tag).message, place);
      return add_key(text, place);
    }
    Result<Value> value = yaml_scalar(tag, text);
    if (!value) stop(value.error().code, value.error().message, place);
    add_scalar(std::move(value).value(), text, anchor, place);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const SourceLine place = place_of(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      stop(ErrorCode::kInvalid, "The alias refers to a value that contains it.", place);
    }
    const YamlNode& node = document_.nodes[found->second];
    if (expects_key()) {
      if (!node.value.is_string()) stop(ErrorCode::kInvalid, "A key must be a string.", place);
      return add_key(std::string(node.value.as_string()), place);
    }
    attach(found->second, place);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_collection(tag, anchor, place_of(mark), false);
  }
  void OnSequenceEnd() override {
    std::vector<Value> items;
    for (const YamlNode::Child& child : open_.back().node.children) {
      items.push_back(document_.nodes[child.node].value);
    }
    close_collection(Value::array(std::move(items)));
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_collection(tag, anchor, place_of(mark), true);
  }
  void OnMapEnd() override {
    std::vector<Member> members;
    for (const YamlNode::Child& child : open_.back().node.children) {
      members.push_back({Value::string(child.key), document_.nodes[child.node].value});
    }
    close_collection(Value::object(std::move(members)));
  }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
    bool is_map;
    bool has_key = false;  // of a map: the next value belongs to the last child
    std::unordered_set<std::string> keys;
  };

  static bool is_plain_or_text(const std::string& tag) {
    return tag == "?" || tag == "!" || tag.empty() || tag == "tag:yaml.org,2002:str";
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().is_map && !open_.back().has_key;
  }

  void add_key(const std::string& key, SourceLine place) {
    Open& map = open_.back();
    if (!map.keys.insert(key).second) {
      stop(ErrorCode::kInvalid, "The key '" + key + "' is there twice.", place);
    }
    map.node.children.push_back({key, place, 0});
    map.has_key = true;
  }

  void add_scalar(Value value, const std::string& text, YAML::anchor_t anchor, SourceLine place) {
    if (expects_key()) return add_key(text, place);
    add_node({std::move(value), place, 1, {}}, anchor);
  }

  void open_collection(const std::string& tag, YAML::anchor_t anchor, SourceLine place,
                       bool is_map) {
    if (!is_core_collection_tag(tag)) stop(ErrorCode::kInvalid, unknown_tag(tag).message, place);
    if (expects_key()) stop(ErrorCode::kInvalid, "A key must be a string.", place);
    if (open_.size() >= static_cast<std::size_t>(kMaxDepth)) too_deep(place);
    open_.push_back({{Value(), place, 1, {}}, anchor, is_map, false, {}});
  }

  void close_collection(Value value) {
    Open closed = std::move(open_.back());
    open_.pop_back();
    if (value.depth() > kMaxDepth) too_deep(closed.node.place);
    closed.node.value = std::move(value);
    add_node(std::move(closed.node), closed.anchor);
  }

  [[noreturn]] static void too_deep(SourceLine place) {
    stop(ErrorCode::kLimit,
         "The document nests deeper than " + std::to_string(kMaxDepth) + " levels.", place);
  }

  void add_node(YamlNode node, YAML::anchor_t anchor) {
    const SourceLine place = node.place;
    document_.nodes.push_back(std::move(node));
    const std::size_t index = document_.nodes.size() - 1;
    if (anchor != YAML::NullAnchor) anchors_[anchor] = index;
    attach(index, place);
  }

  // Hangs a finished node under the open collection.
  void attach(std::size_t index, SourceLine place) {
    last_ = index;
    if (open_.empty()) return;
    Open& parent = open_.back();
    parent.node.values += document_.nodes[index].values;
    if (parent.node.values > kYamlValuesMax) {
      stop(ErrorCode::kLimit,
           "With its aliases written out the document has more than " +
               std::to_string(kYamlValuesMax) + " values.",
           place);
    }
    if (parent.is_map) {
      parent.node.children.back().node = index;
      parent.has_key = false;
    } else {
      parent.node.children.push_back({"", place, index});
    }
  }

  YamlDocument document_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, std::size_t> anchors_;
  std::size_t last_ = 0;
};

// Offset of the first byte that is not UTF-8; yaml-cpp does not look.
std::optional<std::size_t> invalid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead == 0) return i;
    const std::size_t tail = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || i + tail >= text.size()) return i;
    for (std::size_t k = 1; k <= tail; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return i;
    }
    const auto second = tail > 0 ? static_cast<unsigned char>(text[i + 1]) : 0;
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool surrogate = lead == 0xED && second >= 0xA0;
    const bool beyond = lead == 0xF4 && second >= 0x90;
    if (overlong || surrogate || beyond) return i;
    i += tail + 1;
  }
  return std::nullopt;
}

}  // namespace

Result<YamlDocument> parse_yaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) {
    return Error{ErrorCode::kLimit,
                 "The document is larger than " + std::to_string(kYamlBytesMax) + " bytes.", ""};
  }
  if (const std::optional<std::size_t> offset = invalid_utf8(text)) {
    const TextPosition position = position_of(text, *offset);
    return Error{ErrorCode::kInvalid, "The text is not UTF-8.",
                 text_of({position.line, position.column})};
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder;
    if (!parser.HandleNextDocument(builder)) {
      return Error{ErrorCode::kInvalid, "The document is empty.", "line 1, column 1"};
    }
    Builder second;
    if (parser.HandleNextDocument(second)) {
      return Error{ErrorCode::kInvalid, "One document is expected, not several.", ""};
    }
    YamlDocument document = std::move(builder).take();
    if (document.nodes.empty()) {
      return Error{ErrorCode::kInvalid, "The document is empty.", "line 1, column 1"};
    }
    return document;
  } catch (const Stop& problem) {
    return problem.error;
  } catch (const YAML::Exception& problem) {
    return Error{ErrorCode::kInvalid, problem.msg, text_of(place_of(problem.mark))};
  } catch (const std::exception& problem) {
    return Error{ErrorCode::kInvalid, std::string("This is not YAML: ") + problem.what(), ""};
  }
}

Result<Value> read_yaml(std::string_view text) {
  Result<YamlDocument> document = parse_yaml(text);
  if (!document) return document.error();
  return document->nodes[document->root].value;
}

Result<SourceLine> locate_yaml(std::string_view text, std::string_view pointer) {
  const Result<YamlDocument> document = parse_yaml(text);
  if (!document) return Error{ErrorCode::kNotFound, document.error().message, ""};
  const YamlNode* node = &document->nodes[document->root];
  SourceLine place = node->place;
  while (!pointer.empty()) {
    const YamlNode::Child* best = nullptr;
    std::size_t best_consumed = 0;
    if (node->value.is_array()) {
      const std::optional<IndexMatch> match = match_index(pointer);
      if (match && match->index < node->children.size()) {
        best = &node->children[match->index];
        best_consumed = match->consumed;
      }
    } else {
      for (const YamlNode::Child& child : node->children) {
        const std::size_t consumed = match_key(pointer, child.key);
        if (consumed > best_consumed) {
          best = &child;
          best_consumed = consumed;
        }
      }
    }
    if (best == nullptr) {
      return Error{ErrorCode::kNotFound, "The text has no such place.", std::string(pointer)};
    }
    place = best->place;
    node = &document->nodes[best->node];
    pointer.remove_prefix(best_consumed);
  }
  return place;
}

}  // namespace pawl::asl
