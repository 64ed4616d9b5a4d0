// How many descriptors this process may have open.
#pragma once

#include <cstddef>

namespace pawl::runtime {

// Raises the limit as far as the system lets an ordinary process, and answers what it is then. At
// start, before other threads. Child processes (net/process.h) get the old one back: programs that
// use select() or close every possible descriptor suffer from a high one.
std::size_t raise_descriptor_limit();

// In a child between fork and exec: undoes it. Calls nothing that is unsafe there.
void restore_descriptor_limit();

}  // namespace pawl::runtime
