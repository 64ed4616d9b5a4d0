#include "base/assert.h"
#include "runtime/store/encoding.h"
#include "runtime/store/store.h"

#include <algorithm>

namespace pawl::runtime {
namespace {

constexpr char kErase = 0;
constexpr char kPut = 1;

constexpr std::size_t kUsualBytes = 480;

}  // namespace

void Batch::put(std::string_view key, std::string_view value) {
  // A commit has a handful of small changes: room for them at once.
  if (data_.empty()) data_.reserve(std::max(kUsualBytes, key.size() + value.size() + 32));
  data_ += kPut;
  append_varint(data_, key.size());
  data_ += key;
  append_varint(data_, value.size());
  data_ += value;
  ++count_;
}

void Batch::erase(std::string_view key) {
  data_ += kErase;
  append_varint(data_, key.size());
  data_ += key;
  ++count_;
}

void Batch::append(const Batch& other) {
  data_ += other.data_;
  count_ += other.count_;
}

void Batch::clear() {
  data_.clear();
  count_ = 0;
}

void Batch::visit(Visitor& visitor) const {
  Decoder changes(data_);
  while (!changes.at_end()) {
    const char kind = static_cast<char>(changes.u8());
    const std::string_view key = changes.string();
    if (kind == kPut) {
      const std::string_view value = changes.string();
      PAWL_ASSERT(changes.ok());
      visitor.on_put(key, value);
    } else {
      PAWL_ASSERT(changes.ok() && kind == kErase);
      visitor.on_erase(key);
    }
  }
}

}  // namespace pawl::runtime
