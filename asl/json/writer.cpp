#include "asl/json/writer.h"

#include "asl/json/plain_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace pawl::asl {

namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

// The two-character escapes of JSON; 0 where \u00XX is needed.
char short_escape(unsigned char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

std::size_t escaped_size(std::string_view text) {
  std::size_t size = 2 + text.size();
  for (std::size_t at = plain_bytes(text, 0); at < text.size();
       at += 1 + plain_bytes(text, at + 1)) {
    size += short_escape(static_cast<unsigned char>(text[at])) != 0 ? 1 : 5;
  }
  return size;
}

void write_integer(std::int64_t value, std::string& out) {
  std::array<char, 24> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  PAWL_ASSERT(error == std::errc{});
  out.append(buffer.data(), end);
}

void indent(std::string& out, int depth) {
  out.push_back('\n');
  out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

// `depth` < 0: compact.
void write(const Value& value, std::string& out, int depth) {
  const int inner = depth < 0 ? -1 : depth + 1;
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBool:
      out += value.as_bool() ? "true" : "false";
      return;
    case Kind::kInt:
      write_integer(value.as_int(), out);
      return;
    case Kind::kDouble:
      out += java_double(value.as_double());
      return;
    case Kind::kString:
      write_json_string(value.as_string(), out);
      return;
    case Kind::kArray: {
      out.push_back('[');
      bool first = true;
      for (const Value& item : value.items()) {
        if (!first) out.push_back(',');
        first = false;
        if (inner >= 0) indent(out, inner);
        write(item, out, inner);
      }
      if (inner >= 0 && !first) indent(out, depth);
      out.push_back(']');
      return;
    }
    case Kind::kObject: {
      out.push_back('{');
      bool first = true;
      for (const Member& member : value.members()) {
        if (!first) out.push_back(',');
        first = false;
        if (inner >= 0) indent(out, inner);
        write_json_string(member.key.as_string(), out);
        out += inner >= 0 ? ": " : ":";
        write(member.value, out, inner);
      }
      if (inner >= 0 && !first) indent(out, depth);
      out.push_back('}');
      return;
    }
  }
}

// Subtracts the size of `value` from `left`; false once it does not fit.
bool fits(const Value& value, std::size_t& left, const KnownSizes* known) {
  const auto take = [&left](std::size_t bytes) {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  };
  if (known != nullptr && (value.is_object() || value.is_array() || value.is_string())) {
    if (const std::size_t size = known->size_of(value); size != 0) return take(size);
  }
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNull:
      return take(4);
    case Kind::kBool:
      return take(value.as_bool() ? 4 : 5);
    case Kind::kInt: {
      std::size_t digits = value.as_int() <= 0 ? 1 : 0;
      for (std::int64_t rest = value.as_int(); rest != 0; rest /= 10) ++digits;
      return take(value.as_int() == 0 ? 1 : digits);
    }
    case Kind::kDouble:
      return take(java_double(value.as_double()).size());
    case Kind::kString:
      return value.as_string().size() <= left && take(escaped_size(value.as_string()));
    case Kind::kArray:
      if (!take(2 + (value.size() > 1 ? value.size() - 1 : 0))) return false;
      for (const Value& item : value.items()) {
        if (!fits(item, left, known)) return false;
      }
      return true;
    case Kind::kObject:
      if (!take(2 + (value.size() > 1 ? value.size() - 1 : 0))) return false;
      for (const Member& member : value.members()) {
        if (!take(escaped_size(member.key.as_string()) + 1) || !fits(member.value, left, known)) {
          return false;
        }
      }
      return true;
  }
  return true;
}

}  // namespace

void write_json(const Value& value, std::string& out) { write(value, out, -1); }

std::string to_text(const Value& value) {
  return value.is_string() ? std::string(value.as_string()) : to_json(value);
}

std::string to_json(const Value& value) {
  std::string out;
  write_json(value, out);
  return out;
}

std::string to_pretty_json(const Value& value) {
  std::string out;
  write(value, out, 0);
  return out;
}

void write_json_string(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t at = 0;
  for (;;) {
    const std::size_t plain = plain_bytes(text, at);
    out.append(text, at, plain);
    at += plain;
    if (at == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[at++]);
    out.push_back('\\');
    if (const char escape = short_escape(byte); escape != 0) {
      out.push_back(escape);
    } else {
      out += "u00";
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    }
  }
  out.push_back('"');
}

std::string java_double(double value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  std::array<char, 32> buffer;
  const double magnitude = std::fabs(value);
  // Shortest digits "d[.ddd]e±xx"; Java puts the point by itself.
  const auto scientific = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude,
                                        std::chars_format::scientific);
  const std::string_view text(buffer.data(),
                              static_cast<std::size_t>(scientific.ptr - buffer.data()));
  const std::size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits.append(text.substr(2, e - 2));
  int exponent = 0;
  const std::string_view exponent_text = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);

  std::string out = value < 0 ? "-" : "";
  const int count = static_cast<int>(digits.size());
  if (magnitude >= 1e-3 && magnitude < 1e7) {
    if (exponent < 0) {
      out += "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
    } else if (count <= exponent + 1) {
      out += digits + std::string(static_cast<std::size_t>(exponent + 1 - count), '0') + ".0";
    } else {
      out += digits.substr(0, static_cast<std::size_t>(exponent) + 1) + "." +
             digits.substr(static_cast<std::size_t>(exponent) + 1);
    }
  } else {
    out += digits.substr(0, 1) + "." + (count > 1 ? digits.substr(1) : "0") + "E" +
           std::to_string(exponent);
  }
  return out;
}

std::optional<std::size_t> size_within(const Value& value, std::size_t limit,
                                       const KnownSizes* known) {
  std::size_t left = limit;
  if (!fits(value, left, known)) return std::nullopt;
  return limit - left;
}

bool exceeds_bytes(const Value& value, std::size_t limit, const KnownSizes* known) {
  return !size_within(value, limit, known);
}

}  // namespace pawl::asl
