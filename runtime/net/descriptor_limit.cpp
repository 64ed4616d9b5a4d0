#include "runtime/net/descriptor_limit.h"

#include <sys/resource.h>

namespace pawl::runtime {
namespace {

// More than this nobody needs, and some systems allow a billion: tables would grow for it.
constexpr rlim_t kEnough = 1'048'576;

rlimit before{};  // rlim_max is 0 until it was raised

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t wanted = limit.rlim_max < kEnough ? limit.rlim_max : kEnough;
  if (limit.rlim_cur < wanted) {
    const rlimit raised{wanted, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
      if (before.rlim_max == 0) before = limit;
      limit = raised;
    }
  }
  return static_cast<std::size_t>(limit.rlim_cur);
}

void restore_descriptor_limit() {
  if (before.rlim_max != 0) setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace pawl::runtime
