#include "runtime/log/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <span>

namespace pawl::runtime {
namespace {

// Bytes of the UTF-8 character that `text` begins with; 0 if it begins with none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i, unsigned char least = 0x80, unsigned char most = 0xbf) {
    return i < text.size() && byte(i) >= least && byte(i) <= most;
  };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = follows(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return second && follows(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = follows(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// The fields of the line this thread is writing. Beside the message and not in it, so that no
// message can look as if it had some.
thread_local std::span<const LogField> fields_of_line;

std::string_view payload_of(const spdlog::details::log_msg& message) {
  return {message.payload.data(), message.payload.size()};
}

void append(spdlog::memory_buf_t& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

// `%*` in the pattern: message and fields, escaped.
class TextMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    append(out, escape_for_log(payload_of(message)));
    for (const LogField& field : fields_of_line) {
      append(out, " ");
      append(out, field.key);
      append(out, "=");
      const bool plain =
          !field.value.empty() && field.value.find_first_of(" \"=") == std::string_view::npos;
      append(out, plain ? escape_for_log(field.value) : "\"" + escape_for_log(field.value) + "\"");
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<TextMessage>();
  }
};

// A string of JSON. Bytes that are no UTF-8 become U+FFFD: the line must stay readable.
void append_json(spdlog::memory_buf_t& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  append(out, "\"");
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '"' || byte == '\\') {
      out.push_back('\\');
      out.push_back(text[i++]);
    } else if (byte < 0x20 || byte == 0x7f) {
      append(out, "\\u00");
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
      ++i;
    } else if (byte < 0x80) {
      out.push_back(text[i++]);
    } else {
      const std::size_t length = utf8_length(text.substr(i));
      if (length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) {  // C1
        append(out, "\\u00");
        out.push_back(kHex[static_cast<unsigned char>(text[i + 1]) >> 4U]);
        out.push_back(kHex[static_cast<unsigned char>(text[i + 1]) & 15U]);
      } else {
        append(out, length == 0 ? std::string_view("\\ufffd") : text.substr(i, length));
      }
      i += length == 0 ? 1 : length;
    }
  }
  append(out, "\"");
}

// `%*` in the pattern: `"message":"...","key":"..."`.
class JsonMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    append(out, "\"message\":");
    append_json(out, payload_of(message));
    for (const LogField& field : fields_of_line) {
      append(out, ",");
      append_json(out, field.key);
      append(out, ":");
      append_json(out, field.value);
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

std::unique_ptr<spdlog::formatter> make_formatter(LogFormat format) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  if (format == LogFormat::kJson) {
    formatter->add_flag<JsonMessage>('*').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%*})");
  } else {
    formatter->add_flag<TextMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %*");
  }
  return formatter;
}

std::shared_ptr<spdlog::logger> make_logger() {
  // color_mode::automatic: colours only when standard error is a terminal that has them.
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(spdlog::color_mode::automatic);
  auto logger = std::make_shared<spdlog::logger>("pawl", std::move(sink));
  logger->set_formatter(make_formatter(LogFormat::kText));
  logger->set_level(spdlog::level::info);
  logger->flush_on(spdlog::level::warn);
  return logger;
}

}  // namespace

spdlog::logger& log() {
  static const std::shared_ptr<spdlog::logger> logger = make_logger();
  return *logger;
}

void log_with(spdlog::level::level_enum level, std::string_view message,
              std::initializer_list<LogField> fields) {
  if (!log().should_log(level)) return;
  fields_of_line = {fields.begin(), fields.size()};
  log().log(level, spdlog::string_view_t(message.data(), message.size()));
  fields_of_line = {};
}

void set_log_format(LogFormat format) { log().set_formatter(make_formatter(format)); }

bool set_log_level(std::string_view name) {
  const auto level = spdlog::level::from_str(std::string(name));
  if (level == spdlog::level::off && name != "off") return false;  // from_str's "unknown"
  log().set_level(level);
  return true;
}

std::string escape_for_log(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  const auto hex = [&out](unsigned char byte) {
    out += "\\x";
    out += kHex[byte >> 4U];
    out += kHex[byte & 0x0fU];
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      hex(byte);
    } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {  // C1 controls in UTF-8
      hex(static_cast<unsigned char>(next));
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace pawl::runtime
