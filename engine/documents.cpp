#include "engine/documents.h"

#include "runtime/store/encoding.h"

#include <algorithm>

namespace pawl::engine {

const TextRange* StoredParts::find(const asl::Value& value) const {
  for (const Part& part : parts_) {
    if (part.value.same_as(value)) return &part.range;
  }
  return nullptr;
}

void StoredParts::add(const asl::Value& value, const TextRange& range) {
  if (parts_.size() == kPartsMax) parts_.erase(parts_.begin());
  parts_.push_back({value, range});
}

std::size_t StoredParts::size_of(const asl::Value& value) const {
  const TextRange* range = find(value);
  return range == nullptr ? 0 : static_cast<std::size_t>(range->size);
}

void Composition::cut(const Part& part, const TextRange& range) {
  PAWL_ASSERT(part.outermost && part.offset + part.size <= text.size());
  auto place = holes.begin();
  while (place != holes.end() && place->at <= part.offset) ++place;
  place = holes.insert(place, {part.offset, range});
  while (++place != holes.end()) place->at -= part.size;
  text.erase(part.offset, part.size);
}

namespace {

class Composer {
 public:
  Composer(const StoredParts& stored, Composition& out) : stored_(stored), out_(out) {}

  void write(const asl::Value& value, bool root = false) {
    if (!value.is_string() && !value.is_array() && !value.is_object()) {
      return asl::write_json(value, out_.text);
    }
    if (const TextRange* range = stored_.find(value)) {
      out_.holes.push_back({out_.text.size(), *range});
      return;
    }
    const std::size_t begin = out_.text.size();
    const std::size_t holes = out_.holes.size();
    if (value.is_string()) {
      asl::write_json_string(value.as_string(), out_.text);
    } else if (value.is_array()) {
      write_items(value);
    } else {
      write_members(value);
    }
    const std::size_t size = out_.text.size() - begin;
    if (!root && size >= kPartBytes && out_.holes.size() == holes) {
      out_.parts.push_back({value, begin, size, false});
    }
  }

 private:
  void write_items(const asl::Value& array) {
    out_.text += '[';
    bool first = true;
    for (const asl::Value& item : array.items()) {
      if (!first) out_.text += ',';
      first = false;
      write(item);
    }
    out_.text += ']';
  }

  void write_members(const asl::Value& object) {
    out_.text += '{';
    bool first = true;
    for (const asl::Member& member : object.members()) {
      if (!first) out_.text += ',';
      first = false;
      asl::write_json_string(member.key.as_string(), out_.text);
      out_.text += ':';
      write(member.value);
    }
    out_.text += '}';
  }

  const StoredParts& stored_;
  Composition& out_;
};

}  // namespace

Composition compose(const asl::Value& document, const StoredParts& stored) {
  Composition composition;
  Composer(stored, composition).write(document, true);
  // Inner parts come before those around them: from the back, what begins behind the begin of the
  // last outermost part lies in it.
  std::size_t begin = composition.text.size();
  for (auto part = composition.parts.rbegin(); part != composition.parts.rend(); ++part) {
    part->outermost = part->offset + part->size <= begin;
    if (part->outermost) begin = part->offset;
  }
  return composition;
}

std::string encode_composition(const Composition& composition) {
  runtime::Encoder out;
  std::size_t written = 0;
  for (const Composition::Hole& hole : composition.holes) {
    out.string(std::string_view(composition.text).substr(written, hole.at - written));
    out.varint(hole.range.document.place).varint(hole.range.offset).varint(hole.range.size);
    written = hole.at;
  }
  out.string(std::string_view(composition.text).substr(written));
  return out.take();
}

Result<std::string> assemble(std::string_view composition, const WholeText& whole) {
  const auto corrupt = [] {
    return Error{ErrorCode::kCorrupt, "A composed document does not read back.", ""};
  };
  runtime::Decoder in(composition);
  std::string text;
  for (;;) {
    text += in.string();
    if (!in.ok()) return corrupt();
    if (in.at_end()) return text;
    TextRange range;
    range.document.place = in.varint();
    range.offset = in.varint();
    range.size = in.varint();
    if (!in.ok() || range.document.place == 0) return corrupt();
    const Result<std::string_view> part = whole(range.document);
    if (!part) return part.error();
    if (range.offset > part->size() || range.size > part->size() - range.offset ||
        text.size() + range.size > kDocumentBytesMax) {
      return corrupt();
    }
    text +=
        part->substr(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.size));
  }
}

}  // namespace pawl::engine
