// Place: where in a definition something stands, "/States/X/Choices[0]/Next" as the service writes
// it. A chain on the stack, from the leaf to the root: it costs nothing until it is written.
//
// A Place refers to its parent and to its key, so it lives no longer than they do. `place / "Next"`
// as an argument is safe; keeping it in a variable is safe while `place` lives.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pawl::asl {

class Place {
 public:
  Place() = default;  // the whole document: "/"
  // A place that was written before; `prefix` is "" or "/States/X".
  explicit Place(std::string_view prefix) : key_(prefix), kind_(Kind::kPrefix) {}

  Place operator/(std::string_view key) const { return Place(this, key, 0, Kind::kKey); }
  Place operator[](std::size_t index) const { return Place(this, {}, index, Kind::kIndex); }

  // "/" for the document itself. Keys stand as they are: the service escapes nothing.
  std::string text() const {
    std::string out = prefix();
    return out.empty() ? "/" : out;
  }
  // The same with "" for the document: what a longer place starts with.
  std::string prefix() const {
    std::string out;
    append(out);
    return out;
  }

 private:
  enum class Kind { kRoot, kPrefix, kKey, kIndex };
  Place(const Place* parent, std::string_view key, std::size_t index, Kind kind)
      : parent_(parent), key_(key), index_(index), kind_(kind) {}

  void append(std::string& out) const {
    if (parent_ != nullptr) parent_->append(out);
    if (kind_ == Kind::kPrefix) out += key_;
    if (kind_ == Kind::kKey) (out += '/') += key_;
    if (kind_ == Kind::kIndex) ((out += '[') += std::to_string(index_)) += ']';
  }

  const Place* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
  Kind kind_ = Kind::kRoot;
};

}  // namespace pawl::asl
