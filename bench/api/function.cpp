// The function behind the Tasks of W7 and W8: a program for Lambda's Runtime API that answers each
// event with itself at once. An event with a task token is answered by SendTaskSuccess, too.
//
//   bench_function API_PORT       started by the server, with AWS_LAMBDA_RUNTIME_API set
#include "bench/api/http_text.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace pawl::bench;

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

// A kept connection, one call at a time.
class Caller {
 public:
  explicit Caller(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      give_up("connect");
    }
    const int one = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  }

  // The answer's head and body are valid until the next call.
  HttpAnswer call(const std::string& request) {
    received_.clear();
    if (write(socket_, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
      give_up("write");
    }
    std::array<char, 65536>
        buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): read fills it
    for (;;) {
      if (const auto answer = first_answer(received_)) return *answer;
      const ssize_t bytes = read(socket_, buffer.data(), buffer.size());
      if (bytes <= 0) give_up("read");
      received_.append(buffer.data(), static_cast<std::size_t>(bytes));
    }
  }

 private:
  int socket_;
  std::string received_;
};

}  // namespace

int main(int argc, char** argv) {
  const char* runtime_api = std::getenv("AWS_LAMBDA_RUNTIME_API");
  if (argc != 2 || runtime_api == nullptr) return 2;
  const std::string_view address = runtime_api;
  Caller runtime(std::atoi(runtime_api + address.rfind(':') + 1));
  Caller api(std::atoi(argv[1]));
  const std::string next = http_request("GET", "/2018-06-01/runtime/invocation/next", "", "");
  for (;;) {
    const HttpAnswer event = runtime.call(next);
    const std::string body(event.body);
    const std::string target = fmt::format("/2018-06-01/runtime/invocation/{}/response",
                                           header(event.head, "lambda-runtime-aws-request-id"));
    if (const std::string_view token = json_text(body, "token"); !token.empty()) {
      api.call(api_request("SendTaskSuccess",
                           fmt::format(R"({{"taskToken":"{}","output":"1"}})", token)));
    }
    runtime.call(http_request("POST", target, "Content-Type: application/json\r\n", body));
  }
}
