// A server under load, and a connection to it. Everything here is used on fibers of one shard.
#pragma once

#include "runtime/net/process.h"
#include "runtime/net/socket.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::bench {

// A connection that is kept; one call at a time. Whatever is no answer with 200 ends the program.
class Connection {
 public:
  explicit Connection(std::uint16_t port);
  std::string call(std::string_view operation, std::string_view body);

 private:
  runtime::TcpStream stream_;
  std::string received_;
};

// A child process that serves HTTP on a port of its own; killed with this object.
class Server {
 public:
  // `command` with "--port N" added; suspends until the port is open. Its output is dropped.
  explicit Server(std::vector<std::string> command, std::uint16_t port = free_port());
  std::uint16_t port() const { return port_; }
  double cpu_seconds() const;
  static std::uint16_t free_port();

 private:
  std::uint16_t port_;
  std::optional<runtime::Process> process_;
};

}  // namespace pawl::bench
