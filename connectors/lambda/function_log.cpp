#include "connectors/lambda/function_log.h"

#include <openssl/evp.h>

namespace pawl::connectors {

void LineCutter::write(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view piece = text.substr(0, end);
    const std::size_t room = kLineBytesMax - open_.size();
    if (end == std::string_view::npos && piece.size() < room) {
      open_ += piece;
      return;
    }
    if (piece.size() > room) {
      open_ += piece.substr(0, room);
      text.remove_prefix(room);
    } else {
      open_ += piece;
      text.remove_prefix(end == std::string_view::npos ? piece.size() : piece.size() + 1);
    }
    if (open_.ends_with('\r')) open_.pop_back();
    on_line_(open_);
    open_.clear();
  }
}

void LineCutter::finish() {
  if (!open_.empty()) on_line_(open_);
  open_.clear();
}

void LogTail::add_line(std::string_view line) {
  text_ += line;
  text_ += '\n';
  if (text_.size() > kBytesMax) text_.erase(0, text_.size() - kBytesMax);
}

std::string LogTail::base64() const {
  std::string encoded((text_.size() + 2) / 3 * 4 + 1, '\0');
  const int bytes = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                    reinterpret_cast<const unsigned char*>(text_.data()),
                                    static_cast<int>(text_.size()));
  encoded.resize(static_cast<std::size_t>(bytes));
  return encoded;
}

}  // namespace pawl::connectors
