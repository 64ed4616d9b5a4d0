#include "bench/api/http_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace pawl::bench {

std::string http_request(std::string_view method, std::string_view target, std::string_view headers,
                         std::string_view body) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}Content-Length: {}\r\n\r\n{}", method,
                     target, headers, body.size(), body);
}

std::string api_request(std::string_view operation, std::string_view body) {
  return http_request("POST", "/",
                      fmt::format("Content-Type: application/x-amz-json-1.0\r\n"
                                  "X-Amz-Target: AWSStepFunctions.{}\r\n",
                                  operation),
                      body);
}

std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t at = 0; (at = head.find("\r\n", at)) != std::string_view::npos;) {
    at += 2;
    const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (!std::equal(name.begin(), name.end(), line.begin(),
                    [](char a, char b) { return a == std::tolower(b); })) {
      continue;
    }
    const std::size_t value = line.find_first_not_of(' ', name.size() + 1);
    return value == std::string_view::npos ? std::string_view() : line.substr(value);
  }
  return {};
}

std::optional<HttpAnswer> first_answer(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  HttpAnswer answer;
  answer.head = bytes.substr(0, end + 2);
  const std::string_view length_text = header(answer.head, "content-length");
  std::size_t length = 0;
  std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
  answer.bytes = end + 4 + length;
  if (bytes.size() < answer.bytes) return std::nullopt;
  std::from_chars(bytes.data() + 9, bytes.data() + 12, answer.status);
  answer.body = bytes.substr(end + 4, length);
  return answer;
}

std::string_view json_text(std::string_view json, std::string_view name) {
  const std::string key = fmt::format("\"{}\":\"", name);
  const std::size_t begin = json.find(key);
  if (begin == std::string_view::npos) return {};
  std::size_t end = begin + key.size();
  while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
  return json.substr(begin + key.size(), end - begin - key.size());
}

std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace pawl::bench
