// Ends an HTTP call when nobody waits for its Task any more.
#pragma once

#include "engine/task.h"
#include "runtime/http/client.h"

namespace pawl::connectors::http {

class CutOnCancel {
 public:
  // `cancellation` may be null, and must outlive this.
  explicit CutOnCancel(engine::Cancellation* cancellation) : cancellation_(cancellation) {
    if (cancellation_ != nullptr) cancellation_->on_cancel([this] { cut_.cut(); });
  }
  ~CutOnCancel() {
    if (cancellation_ != nullptr) cancellation_->on_cancel({});
  }
  CutOnCancel(const CutOnCancel&) = delete;
  CutOnCancel& operator=(const CutOnCancel&) = delete;

  runtime::HttpCut* cut() { return &cut_; }

 private:
  engine::Cancellation* cancellation_;
  runtime::HttpCut cut_;
};

}  // namespace pawl::connectors::http
