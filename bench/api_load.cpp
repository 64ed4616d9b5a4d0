// Load on the API, from one thread.
//
//   api_load OPERATION --port N [--connections 64] [--seconds 5] [--rate R] [--answers FILE]
//            [--payload BYTES] [--wait | --activity]
//
// OPERATION  start      StartExecution of a machine with one Succeed state (--wait: a Wait of an
//                       hour; --activity: a Task of the activity "load"); every call has a name of
//                       its own
//            describe   DescribeExecution of one execution that has ended
//            echo       the body of `start` to a server that only sends it back (beast_echo)
//            work       GetActivityTask of the activity "load", one call per connection (long
//                       poll); a task is answered with SendTaskSuccess, which is what is counted
//            idle       opens the connections, sends nothing, and holds them
//
// Without --rate the loop is closed: each connection sends its next call when it has the answer.
// With --rate it is open: calls are due at fixed times whether or not earlier ones are answered,
// and their latency counts from the time they were due. Calls that find every connection busy wait
// in a queue here, and their wait counts.
//
// Prints one line of JSON. --answers writes "ARN startDate" for each StartExecution that was
// answered 200, flushed as it comes, so that a test can look for them after a kill.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

struct Options {
  std::string operation;
  std::uint16_t port = 8083;
  int connections = 64;
  double seconds = 5;
  double rate = 0;  // 0: closed loop
  std::string answers;
  std::size_t payload = 20;
  bool wait = false;
  bool activity = false;
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "api_load: %s\n", what.c_str());
  std::exit(2);
}

std::string request_of(std::string_view operation, std::string_view body) {
  std::string out =
      "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\n";
  out.append("X-Amz-Target: AWSStepFunctions.").append(operation);
  out.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  return out.append("\r\n\r\n").append(body);
}

int connect_to(std::uint16_t port, bool blocking) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail(std::string("socket: ") + std::strerror(errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    fail(std::string("connect: ") + std::strerror(errno));
  }
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (!blocking) {
    const timeval none{};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
  }
  return fd;
}

// The bytes of the first whole answer in `in`, or 0.
std::size_t answer_bytes(const std::string& in, std::size_t& body_at) {
  const std::size_t head = in.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  body_at = head + 4;
  std::size_t length = 0;
  const std::string_view text(in.data(), head + 2);
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string_view::npos;) {
    at += 2;
    constexpr std::string_view kName = "content-length:";
    if (at + kName.size() > text.size()) break;
    const bool same = std::equal(kName.begin(), kName.end(), text.begin() + static_cast<long>(at),
                                 [](char a, char b) { return a == std::tolower(b); });
    if (same) length = std::strtoull(text.data() + at + kName.size(), nullptr, 10);
  }
  return in.size() >= body_at + length ? body_at + length : 0;
}

std::string member(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  std::size_t at = json.find(key);
  if (at == std::string_view::npos) return {};
  at += key.size();
  if (json[at] == '"') {
    ++at;
    return std::string(json.substr(at, json.find('"', at) - at));
  }
  return std::string(json.substr(at, json.find_first_of(",}", at) - at));
}

// One call on a connection of its own, for preparing.
std::string call(std::uint16_t port, std::string_view operation, const std::string& body) {
  const int fd = connect_to(port, true);
  const std::string out = request_of(operation, body);
  if (write(fd, out.data(), out.size()) != static_cast<ssize_t>(out.size())) fail("write");
  std::string in;
  std::array<char, 65536> buffer;  // NOLINT: read fills it
  std::size_t body_at = 0;
  while (answer_bytes(in, body_at) == 0) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n <= 0) fail("the server closed");
    in.append(buffer.data(), static_cast<std::size_t>(n));
  }
  close(fd);
  if (in.compare(9, 3, "200") != 0) fail(in);
  return in.substr(body_at);
}

struct Connection {
  int fd = -1;
  bool busy = false;
  Time due{};
  std::string out;
  std::size_t sent = 0;
  std::string in;
  std::string token;  // of the task that was handed out and is to be answered
};

class Load {
 public:
  explicit Load(Options options) : options_(std::move(options)) {}
  void run();

 private:
  void prepare();
  std::string next_request(const Connection& connection);
  void begin(Connection& connection, Time due);
  void send_more(Connection& connection);
  bool receive(Connection& connection, Time now);  // true: an answer is complete
  void answered(Connection& connection, std::string_view head, std::string_view body, Time now);
  void report(double seconds);

  Options options_;
  std::string machine_, execution_, activity_, padding_, prefix_;
  std::uint64_t number_ = 0;
  std::vector<Connection> connections_;
  int epoll_ = -1;
  std::FILE* answers_ = nullptr;
  std::map<std::string, std::uint64_t> codes_;
  std::vector<double> ok_ms_, refused_ms_;
  std::uint64_t closed_ = 0;
  std::size_t queue_max_ = 0;
};

void Load::prepare() {
  prefix_ = std::to_string(getpid()) + "-" +
            std::to_string(Clock::now().time_since_epoch().count() % 1'000'000'000) + "-";
  padding_ = std::string(options_.payload, 'x');
  if (options_.operation == "echo") {
    machine_ = "arn:aws:states:us-east-1:123456789012:stateMachine:load-machine";
    return;
  }
  if (options_.operation == "idle") return;
  if (options_.operation == "work" || options_.activity) {
    activity_ = member(call(options_.port, "CreateActivity", R"({"name":"load"})"), "activityArn");
    if (options_.operation == "work") return;
  }
  std::string name = "succeed";
  std::string state = R"(\"Type\":\"Succeed\")";
  if (options_.wait) {
    name = "wait";
    state = R"(\"Type\":\"Wait\",\"Seconds\":3600,\"End\":true)";
  } else if (options_.activity) {
    name = "activity";
    state = R"(\"Type\":\"Task\",\"Resource\":\")" + activity_ + R"(\",\"End\":true)";
  }
  machine_ = member(call(options_.port, "CreateStateMachine",
                         R"({"name":"load-)" + name +
                             R"(","roleArn":"arn:aws:iam::123456789012:role/load","definition":")" +
                             R"({\"StartAt\":\"A\",\"States\":{\"A\":{)" + state + R"(}}}"})"),
                    "stateMachineArn");
  if (options_.operation == "describe") {
    execution_ = member(call(options_.port, "StartExecution",
                             R"({"stateMachineArn":")" + machine_ + R"(","input":"{}"})"),
                        "executionArn");
  }
}

std::string Load::next_request(const Connection& connection) {
  if (options_.operation == "describe") {
    return request_of("DescribeExecution", R"({"executionArn":")" + execution_ + R"("})");
  }
  if (!connection.token.empty()) {
    return request_of("SendTaskSuccess",
                      R"({"output":"1","taskToken":")" + connection.token + R"("})");
  }
  if (options_.operation == "work") {
    return request_of("GetActivityTask", R"({"activityArn":")" + activity_ + R"("})");
  }
  return request_of("StartExecution", R"({"stateMachineArn":")" + machine_ + R"(","name":")" +
                                          prefix_ + std::to_string(++number_) +
                                          R"(","input":"{\"order\":\")" + padding_ + R"(\"}"})");
}

void Load::begin(Connection& connection, Time due) {
  connection.busy = true;
  connection.due = due;
  connection.out = next_request(connection);
  connection.sent = 0;
  send_more(connection);
}

void Load::send_more(Connection& connection) {
  while (connection.sent < connection.out.size()) {
    const ssize_t n = send(connection.fd, connection.out.data() + connection.sent,
                           connection.out.size() - connection.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) return;  // EAGAIN: EPOLLOUT comes; an error: the read sees it
    connection.sent += static_cast<std::size_t>(n);
  }
}

bool Load::receive(Connection& connection, Time now) {
  std::array<char, 65536> buffer;  // NOLINT: recv fills it
  for (;;) {
    const ssize_t n = recv(connection.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) {
      ++closed_;
      close(connection.fd);
      connection.fd = -1;
      return false;
    }
    connection.in.append(buffer.data(), static_cast<std::size_t>(n));
    std::size_t body_at = 0;
    const std::size_t whole = answer_bytes(connection.in, body_at);
    if (whole == 0) continue;
    const std::string_view text(connection.in.data(), whole);
    answered(connection, text.substr(0, body_at), text.substr(body_at), now);
    connection.in.erase(0, whole);
    connection.busy = false;
    return true;
  }
}

void Load::answered(Connection& connection, std::string_view head, std::string_view body,
                    Time now) {
  const double ms = std::chrono::duration<double, std::milli>(now - connection.due).count();
  const std::string status(head.substr(9, 3));
  if (options_.operation == "work" && status == "200" && connection.token.empty()) {
    connection.token = member(body, "taskToken");
    ++codes_[connection.token.empty() ? "no task" : "task"];
    return;
  }
  connection.token.clear();
  if (status == "200") {
    ++codes_["OK"];
    ok_ms_.push_back(ms);
    if (answers_ != nullptr && options_.operation == "start") {
      std::fprintf(answers_, "%s %s\n", member(body, "executionArn").c_str(),
                   member(body, "startDate").c_str());
    }
    return;
  }
  const std::string type = member(body, "__type");
  ++codes_[type.empty() ? status : type.substr(type.find('#') + 1)];
  refused_ms_.push_back(ms);
}

double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  const auto place = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<long>(place), values.end());
  return values[place];
}

void Load::report(double seconds) {
  const auto ok = static_cast<double>(ok_ms_.size());
  std::printf(
      "{\"operation\":\"%s\",\"connections\":%d,\"rate\":%.0f,\"seconds\":%.2f,"
      "\"ok_per_s\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,",
      options_.operation.c_str(), options_.connections, options_.rate, seconds, ok / seconds,
      percentile(ok_ms_, 0.5), percentile(ok_ms_, 0.99), percentile(ok_ms_, 1));
  std::printf(
      "\"refused_per_s\":%.0f,\"refused_p50_ms\":%.3f,\"refused_p99_ms\":%.3f,"
      "\"closed\":%llu,\"queue_max\":%zu,\"codes\":{",
      static_cast<double>(refused_ms_.size()) / seconds, percentile(refused_ms_, 0.5),
      percentile(refused_ms_, 0.99), static_cast<unsigned long long>(closed_), queue_max_);
  const char* comma = "";
  for (const auto& [code, count] : codes_) {
    std::printf("%s\"%s\":%llu", comma, code.c_str(), static_cast<unsigned long long>(count));
    comma = ",";
  }
  std::printf("}}\n");
}

void Load::run() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  prepare();
  if (!options_.answers.empty()) {
    answers_ = std::fopen(options_.answers.c_str(), "we");
    if (answers_ == nullptr) fail("cannot write " + options_.answers);
    std::setvbuf(answers_, nullptr, _IOLBF, 0);
  }
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  connections_.resize(static_cast<std::size_t>(options_.connections));
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i].fd = connect_to(options_.port, false);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = i;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &event);
  }

  const Time begun = Clock::now();
  const Time end = begun + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(options_.seconds));
  const bool open_loop = options_.rate > 0;
  const bool calls = options_.operation != "idle";
  std::deque<Time> queue;         // due, without a connection
  std::vector<std::size_t> idle;  // connections
  for (std::size_t i = 0; i < connections_.size(); ++i) idle.push_back(i);
  std::uint64_t made_due = 0;
  if (calls && !open_loop) {
    for (const std::size_t i : idle) begin(connections_[i], begun);
    idle.clear();
  }
  std::array<epoll_event, 512> events;  // NOLINT: epoll fills it
  for (Time now = Clock::now(); now < end; now = Clock::now()) {
    if (open_loop) {
      const double passed = std::chrono::duration<double>(now - begun).count();
      const auto due = static_cast<std::uint64_t>(passed * options_.rate);
      for (; made_due < due; ++made_due) {
        queue.push_back(begun +
                        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                            static_cast<double>(made_due) / options_.rate)));
      }
      queue_max_ = std::max(queue_max_, queue.size());
      while (!queue.empty() && !idle.empty()) {
        begin(connections_[idle.back()], queue.front());
        idle.pop_back();
        queue.pop_front();
      }
    }
    const int n = epoll_wait(epoll_, events.data(), events.size(), open_loop ? 1 : 50);
    now = Clock::now();
    for (int i = 0; i < n; ++i) {
      const std::size_t index = events[static_cast<std::size_t>(i)].data.u64;
      Connection& connection = connections_[index];
      if (connection.fd < 0) continue;
      if (connection.busy) send_more(connection);
      if (!receive(connection, now)) continue;
      if (open_loop) {
        idle.push_back(index);
      } else {
        begin(connection, now);
      }
    }
    if (calls && closed_ == connections_.size()) break;  // the server is gone
  }
  report(std::chrono::duration<double>(Clock::now() - begun).count());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (argc < 2) fail("which operation? start, describe, echo, work or idle");
  options.operation = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--wait") {
      options.wait = true;
      continue;
    }
    if (name == "--activity") {
      options.activity = true;
      continue;
    }
    if (i + 1 >= argc) fail("what is '" + std::string(name) + "'?");
    const char* value = argv[++i];
    if (name == "--port")
      options.port = static_cast<std::uint16_t>(std::atoi(value));
    else if (name == "--connections")
      options.connections = std::atoi(value);
    else if (name == "--seconds")
      options.seconds = std::atof(value);
    else if (name == "--rate")
      options.rate = std::atof(value);
    else if (name == "--answers")
      options.answers = value;
    else if (name == "--payload")
      options.payload = static_cast<std::size_t>(std::atoi(value));
    else
      fail("what is '" + std::string(name) + "'?");
  }
  Load(std::move(options)).run();
}
