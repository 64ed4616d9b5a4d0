// Variables of a block, a call or a tuple. Internal to asl/jsonata.
//
// The variables of the outermost level are the evaluator's globals: a null FramePtr stands for it.
#pragma once

#include "asl/json/value.h"
#include "asl/jsonata/datum.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace pawl::asl::jsonata {

// Index of a name in the program's table of names.
using NameId = std::uint32_t;

struct Frame;

// A counted reference, without the cost of atomic counts: frames stay in their evaluation.
class FramePtr {
 public:
  FramePtr() = default;
  explicit FramePtr(Frame* frame) : frame_(frame) {}  // takes over one count
  FramePtr(const FramePtr& other);
  FramePtr(FramePtr&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  FramePtr& operator=(FramePtr other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~FramePtr() {
    if (frame_ != nullptr) release();
  }

  Frame* get() const { return frame_; }
  Frame* operator->() const { return frame_; }
  Frame* detach() { return std::exchange(frame_, nullptr); }

 private:
  void release();

  Frame* frame_ = nullptr;
};

struct Binding {
  NameId name = 0;
  Datum value;
};

class FramePool;

struct Frame {
  static constexpr std::size_t kInline = 3;

  std::uint32_t references = 1;
  std::uint32_t bound = 0;  // of `first`
  FramePool* pool = nullptr;
  FramePtr parent;
  Value tuple;  // its members are variables, by name; undefined: no frame of a tuple
  std::array<Binding, kInline> first;
  std::vector<Binding> more;

  void bind(NameId name, Datum value) {
    if (Datum* known = find(name)) {
      *known = std::move(value);
    } else if (bound < kInline) {
      first[bound].name = name;
      first[bound++].value = std::move(value);
    } else {
      more.push_back({name, std::move(value)});
    }
  }
  Datum* find(NameId name) {
    for (std::size_t i = 0; i < bound; ++i) {
      if (first[i].name == name) return &first[i].value;
    }
    for (Binding& each : more) {
      if (each.name == name) return &each.value;
    }
    return nullptr;
  }
  void clear() {
    for (std::size_t i = 0; i < bound; ++i) first[i].value = Datum();
    bound = 0;
    more.clear();
    tuple = Value();
  }
};

// Frames of one evaluation, used again and again.
class FramePool {
 public:
  FramePtr make(FramePtr parent) {
    Frame* frame = nullptr;
    if (free_.empty()) {
      frame = frames_.emplace_back(std::make_unique<Frame>()).get();
      frame->pool = this;
    } else {
      frame = free_.back();
      free_.pop_back();
      frame->references = 1;
    }
    frame->parent = std::move(parent);
    return FramePtr(frame);
  }
  // A chain of frames that nobody else holds goes in a loop, not by recursion.
  void give_back(Frame* frame) {
    while (frame != nullptr) {
      frame->clear();
      Frame* parent = frame->parent.detach();
      free_.push_back(frame);
      frame = parent != nullptr && --parent->references == 0 ? parent : nullptr;
    }
  }

 private:
  std::vector<std::unique_ptr<Frame>> frames_;
  std::vector<Frame*> free_;
};

inline FramePtr::FramePtr(const FramePtr& other) : frame_(other.frame_) {
  if (frame_ != nullptr) ++frame_->references;
}
inline void FramePtr::release() {
  if (--frame_->references == 0) frame_->pool->give_back(frame_);
}

}  // namespace pawl::asl::jsonata
