// Internal to runtime/: a Stream as Boost.Asio's SyncReadStream and SyncWriteStream, so that
// Beast's http::read, http::write and websocket::stream run on it as on a blocking socket, while
// the calling fiber suspends.
#pragma once

#include "runtime/net/socket.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <utility>

namespace pawl::runtime {

class BeastStream {
 public:
  // `stream` must outlive this; `deadline` holds for all calls until it is set anew.
  BeastStream(Stream& stream, SteadyTime deadline) : stream_(stream), deadline_(deadline) {}

  void set_deadline(SteadyTime deadline) { deadline_ = deadline; }

  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers, boost::system::error_code& ec) {
    const auto buffer = first_of<boost::asio::mutable_buffer>(buffers);
    ec = {};
    if (buffer.size() == 0) return 0;
    const Result<std::size_t> n =
        stream_.read_some({static_cast<char*>(buffer.data()), buffer.size()}, deadline_);
    if (n && *n == 0) ec = boost::asio::error::eof;
    if (!n) ec = to_error_code(n.error());
    return n ? *n : 0;
  }

  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers, boost::system::error_code& ec) {
    const auto buffer = first_of<boost::asio::const_buffer>(buffers);
    ec = {};
    if (buffer.size() == 0) return 0;
    const Result<std::size_t> n =
        stream_.write_some({static_cast<const char*>(buffer.data()), buffer.size()}, {}, deadline_);
    if (!n) ec = to_error_code(n.error());
    return n ? *n : 0;
  }

  // The concepts ask for these too. Asio's own; our code never calls them.
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers) {
    boost::system::error_code ec;
    const std::size_t n = read_some(buffers, ec);
    if (ec) throw boost::system::system_error(ec);
    return n;
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers) {
    boost::system::error_code ec;
    const std::size_t n = write_some(buffers, ec);
    if (ec) throw boost::system::system_error(ec);
    return n;
  }

 private:
  // One part a call is allowed, and Beast's parts are big enough.
  template <typename Buffer, typename Buffers>
  static Buffer first_of(const Buffers& buffers) {
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
      const Buffer buffer(*it);
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }

  static boost::system::error_code to_error_code(const Error& error) {
    switch (error.code) {
      case ErrorCode::kTimeout:
        return boost::asio::error::timed_out;
      case ErrorCode::kCancelled:
        return boost::asio::error::operation_aborted;
      case ErrorCode::kUnavailable:
        return boost::asio::error::connection_reset;
      default:
        return boost::asio::error::fault;
    }
  }

  Stream& stream_;
  SteadyTime deadline_;
};

}  // namespace pawl::runtime
