// runtime/: what everything stands on. Read this page first; each header is a contract of its own.
//
//   clock/clock.h      Clock (real, virtual), Random (system, seeded), uuid4
//   fiber/shard.h      Shard: one thread's fibers, timers and messages; call_on between shards
//   fiber/shard_threads.h  shards on threads of their own, called from outside
//   fiber/wait_point.h where one fiber waits for another
//   fiber/mailbox.h    how other threads reach a shard
//   fiber/helper_threads.h  where blocking calls run: files/blocking.h, names of net/address.h
//   timer/timer_heap.h the heap behind Shard::at, TimerHandle
//   net/socket.h       TcpStream, TcpListener, FdStream: blocking to read, suspending in fact
//   net/address.h      SocketAddress, resolve
//   net/process.h      child processes that leave nothing behind
//   http/server.h      HttpServer; http/client.h HttpClient; http/message.h what they exchange;
//                      http/uri.h percent-encoding, query parameters
//   aws/sigv4.h        signatures of AWS requests: made and verified; aws/credentials.h their keys
//   log/log.h          the log
//   metrics/metrics.h  counters and gauges, as Prometheus text
//   store/, journal/   ordered keys with atomic batches; group commit
//
// The rules that hold throughout:
//
// 1. A fiber stays on the thread that made it. State that belongs to a shard needs no lock; nothing
//    else may touch it. Threads talk by Mailbox::post and Shard::notify.
// 2. Only fibers suspend. Messages, timer callbacks and hooks run on the dispatcher: short, no
//    suspending, no exception.
// 3. Across a call that may suspend hold no reference, iterator or view into shared state.
// 4. Every wait has a deadline on the shard's clock. Waiting for days is not a fiber's work: keep a
//    timer, or a row and a timer.
// 5. A fiber's stack is small (256 KiB, guarded): bound recursion over user data. Loops over user
//    data call Shard::yield_if_due.
// 6. Shutdown goes from the outside in: drain servers, end the fibers, stop() the shard, join the
//    threads that post to it.
#pragma once

#include "runtime/clock/clock.h"
#include "runtime/fiber/shard.h"
#include "runtime/log/log.h"
