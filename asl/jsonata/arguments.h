// Arguments of a call, on the stack while there are few. Internal to asl/jsonata.
#pragma once

#include "asl/jsonata/datum.h"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace pawl::asl::jsonata {

class Arguments {
 public:
  static constexpr std::size_t kInline = 4;

  Arguments() = default;
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Any index below kInline may be asked for: what was not given is undefined.
  Datum& operator[](std::size_t i) { return data_[i]; }
  const Datum& operator[](std::size_t i) const { return data_[i]; }
  Datum* begin() { return data_; }
  Datum* end() { return data_ + size_; }
  const Datum* begin() const { return data_; }
  const Datum* end() const { return data_ + size_; }

  void push_back(Datum value) {
    if (size_ < kInline) {
      inline_[size_++] = std::move(value);
      return;
    }
    if (size_ == kInline) {
      more_.reserve(2 * kInline);
      for (Datum& each : inline_) more_.push_back(std::move(each));
    }
    more_.push_back(std::move(value));
    data_ = more_.data();
    ++size_;
  }
  void pop_back() {
    data_[--size_] = Datum();
    if (size_ >= kInline) more_.pop_back();
    if (size_ == kInline) {
      for (std::size_t i = 0; i < kInline; ++i) inline_[i] = std::move(more_[i]);
      more_.clear();
      data_ = inline_.data();
    }
  }
  void clear() {
    while (size_ > 0) pop_back();
  }
  void take(std::vector<Datum> values) {
    clear();
    for (Datum& each : values) push_back(std::move(each));
  }

 private:
  std::array<Datum, kInline> inline_;
  Datum* data_ = inline_.data();
  std::size_t size_ = 0;
  std::vector<Datum> more_;
};

}  // namespace pawl::asl::jsonata
