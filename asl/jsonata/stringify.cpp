// $string and the operator `&`: JSON text as the reference writes it.
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/library.h"

#include <cmath>

namespace pawl::asl::jsonata {
namespace {

class Writer {
 public:
  Writer(Evaluator& evaluator, bool pretty, std::string& out)
      : evaluator_(evaluator), pretty_(pretty), out_(out) {}

  void write(const Value& value, int depth) {
    evaluator_.count_step();
    switch (value.kind()) {
      case Kind::kUndefined:
      case Kind::kNull:
        out_ += "null";
        return;
      case Kind::kBool:
        out_ += value.as_bool() ? "true" : "false";
        return;
      case Kind::kInt:
        out_ += std::to_string(value.as_int());
        return;
      case Kind::kDouble:
        write_double(value);
        return;
      case Kind::kString:
        write_text(value.as_string());
        return;
      case Kind::kArray:
        write_array(value, depth);
        return;
      case Kind::kObject:
        write_object(value, depth);
        return;
    }
  }

 private:
  void write_double(const Value& value) {
    if (!evaluator_.is_numeric(value)) {
      out_ += "null";
      return;
    }
    const double number = value.as_double();
    out_ +=
        number == std::floor(number) ? number_to_string(number) : rounded_number_to_string(number);
  }

  void write_text(std::string_view value) {
    static constexpr char kHex[] = "0123456789abcdef";
    out_ += '"';
    for (const char c : value) {
      switch (c) {
        case '"':
          out_ += "\\\"";
          break;
        case '\\':
          out_ += "\\\\";
          break;
        case '\b':
          out_ += "\\b";
          break;
        case '\f':
          out_ += "\\f";
          break;
        case '\n':
          out_ += "\\n";
          break;
        case '\r':
          out_ += "\\r";
          break;
        case '\t':
          out_ += "\\t";
          break;
        default:
          if (static_cast<unsigned char>(c) < 0x20) {
            out_ += "\\u00";
            out_ += kHex[(c >> 4) & 0xF];
            out_ += kHex[c & 0xF];
          } else {
            out_ += c;
          }
      }
    }
    out_ += '"';
  }

  void line(int depth) {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  void write_array(const Value& value, int depth) {
    out_ += '[';
    bool first = true;
    for (const Value& item : value.items()) {
      if (!first) out_ += ',';
      first = false;
      line(depth + 1);
      write(item, depth + 1);
    }
    if (!first) line(depth);
    out_ += ']';
  }

  void write_object(const Value& value, int depth) {
    if (evaluator_.is_function(value)) {
      out_ += "\"\"";
      return;
    }
    out_ += '{';
    bool first = true;
    for (const Member* member : evaluator_.ordered(value)) {
      if (!first) out_ += ',';
      first = false;
      line(depth + 1);
      write_text(member->key.as_string());
      out_ += pretty_ ? ": " : ":";
      write(member->value, depth + 1);
    }
    if (!first) line(depth);
    out_ += '}';
  }

  Evaluator& evaluator_;
  bool pretty_;
  std::string& out_;
};

}  // namespace

void Evaluator::append_string(const Datum& datum, bool pretty, std::string& out) {
  const Value& value = datum.value;
  if (value.is_undefined()) return;
  if (value.is_string()) {
    out += value.as_string();
    return;
  }
  if (is_function(value)) return;
  if (value.is_double() && !std::isfinite(value.as_double())) fail_value("D3001", value);
  const bool wrapped = datum.has(kOuterWrapper) && value.is_array();
  Writer(*this, pretty, out).write(wrapped ? value.items()[0] : value, 0);
}

Value Evaluator::stringify(const Datum& datum, bool pretty) {
  if (datum.value.is_string()) return datum.value;
  std::string out;
  append_string(datum, pretty, out);
  return make_string(out);
}

}  // namespace pawl::asl::jsonata
