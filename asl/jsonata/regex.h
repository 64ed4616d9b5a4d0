// A regular expression literal on RE2. Internal to asl/jsonata.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace re2 {
class RE2;
}

namespace pawl::asl::jsonata {

class Regex {
 public:
  // Its groups are parts of the text that was searched.
  struct Match {
    std::size_t start = 0;  // bytes
    std::size_t end = 0;
    std::vector<std::optional<std::string_view>> groups;

    std::string_view text(std::string_view subject) const {
      return subject.substr(start, end - start);
    }
  };

  // `flags` holds `i` and `m`. Check ok() before use: what RE2 cannot do (look-around, back
  // references) is refused.
  Regex(std::string_view pattern, std::string_view flags);
  ~Regex();

  bool ok() const;
  std::string error() const;
  const std::string& source() const { return source_; }
  // The first match at or after byte `from`.
  // False: there is none. `match` is filled anew: one that is used again has room already.
  bool find(std::string_view text, std::size_t from, Match& match) const;

 private:
  std::string source_;
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace pawl::asl::jsonata
