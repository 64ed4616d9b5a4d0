#include "asl/json/payload.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"

namespace pawl::asl {

Payload Payload::of(Value value) {
  PAWL_ASSERT(!value.is_undefined());
  Payload payload;
  payload.document_ = std::make_shared<Document>();
  payload.document_->value = std::move(value);
  payload.document_->has_value = true;
  return payload;
}

Payload Payload::of_text(std::string text, int depth) {
  Payload payload;
  payload.document_ = std::make_shared<Document>();
  payload.document_->text = std::move(text);
  payload.document_->has_text = true;
  payload.document_->depth = depth;
  return payload;
}

Result<Payload> Payload::parse(std::string text) {
  Result<Value> value = read_json(text);
  if (!value) return std::move(value).error();
  Payload payload = of_text(std::move(text));
  payload.document_->value = *std::move(value);
  payload.document_->has_value = true;
  return payload;
}

const Value& Payload::value() const {
  PAWL_ASSERT(present());
  if (!document_->has_value) {
    Result<Value> value = read_json(document_->text);
    PAWL_ASSERT(value.has_value());
    document_->value = *std::move(value);
    document_->has_value = true;
  }
  return document_->value;
}

const std::string& Payload::text() const {
  PAWL_ASSERT(present());
  if (!document_->has_text) {
    write_json(document_->value, document_->text);
    document_->has_text = true;
  }
  return document_->text;
}

bool Payload::exceeds(std::size_t bytes, const KnownSizes* known) const {
  PAWL_ASSERT(present());
  if (document_->has_text) return document_->text.size() > bytes;
  if (document_->size == 0) {
    document_->size = size_within(document_->value, bytes, known).value_or(0);
    if (document_->size == 0) return true;
  }
  return document_->size > bytes;
}

bool Payload::nests_deeper_than(int levels) const {
  PAWL_ASSERT(present());
  if (document_->depth < 0) document_->depth = value().depth();
  return document_->depth > levels;
}

void Payload::keep_text(std::string text) const {
  PAWL_ASSERT(present() && !document_->has_text);
  document_->text = std::move(text);
  document_->has_text = true;
}

std::uint64_t Payload::stored_as(std::uint64_t owner) const {
  return document_ != nullptr && document_->owner == owner ? document_->place : 0;
}

void Payload::set_stored_as(std::uint64_t owner, std::uint64_t place) const {
  PAWL_ASSERT(present());
  document_->owner = owner;
  document_->place = place;
}

}  // namespace pawl::asl
