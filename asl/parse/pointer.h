// Matching of a written place, "/States/X/Choices[0]/Next" or "/States/X/Choices/0/Next", against
// the keys and indexes of a document. State names may hold `/` and `[`, which the service does not
// escape; so a place is not split, but each key of the document is tried against it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pawl::asl {

// How many bytes of `pointer` are "/key" (raw, or with ~0 and ~1 for ~ and /), up to its end or to
// the next step; 0 if it does not begin so.
std::size_t match_key(std::string_view pointer, std::string_view key);

struct IndexMatch {
  std::size_t index = 0;
  std::size_t consumed = 0;
};
// "[12]" or "/12" at the beginning of `pointer`.
std::optional<IndexMatch> match_index(std::string_view pointer);

}  // namespace pawl::asl
