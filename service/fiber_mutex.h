// A lock between fibers of one shard, held across suspensions. First come, first served.
#pragma once

#include "runtime/fiber/wait_point.h"

#include <deque>

namespace pawl::service {

class FiberMutex {
 public:
  void lock() {
    if (!locked_) {
      locked_ = true;
      return;
    }
    runtime::WaitPoint turn;
    waiting_.push_back(&turn);
    turn.wait();  // unlock() leaves the lock to us
  }
  void unlock() {
    if (waiting_.empty()) {
      locked_ = false;
      return;
    }
    waiting_.front()->wake();
    waiting_.pop_front();
  }

 private:
  bool locked_ = false;
  std::deque<runtime::WaitPoint*> waiting_;
};

}  // namespace pawl::service
