// Tokens of an expression, as nodes that the parser goes on with. Internal to asl/jsonata.
#pragma once

#include "asl/jsonata/node.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace pawl::asl::jsonata {

class Lexer {
 public:
  Lexer(std::string_view text, Program& program);

  int length() const { return static_cast<int>(source_.size()); }

  // The next token, or nullptr at the end. `infix`: a slash divides. Throws Fault.
  Node* next(bool infix);

 private:
  char16_t at(std::size_t i) const { return i < source_.size() ? source_[i] : u'\0'; }
  Node* create(NodeType type, std::size_t position);
  std::string slice(std::size_t from, std::size_t to) const;
  void skip_blanks_and_comments();
  Node* scan_operator();
  Node* make_operator(std::string text);
  Node* scan_regex();
  Node* scan_string();
  char16_t escaped_character();
  Node* scan_number();
  Node* scan_quoted_name();
  Node* scan_name();

  std::u16string source_;
  Program& program_;
  std::size_t position_ = 0;
};

}  // namespace pawl::asl::jsonata
