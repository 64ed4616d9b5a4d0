#include "runtime/aws/profile_file.h"

#include "runtime/aws/ini.h"

#include <algorithm>

namespace pawl::runtime::aws {

ProfileFile parse_profiles(std::string_view text) {
  ProfileFile file;
  std::map<std::string, std::string, std::less<>>* section = nullptr;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view line = trimmed(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      const std::size_t close = line.find(']');
      section = nullptr;
      if (close == std::string_view::npos) continue;
      std::string_view name = trimmed(line.substr(1, close - 1));
      constexpr std::string_view kProfile = "profile ";
      if (name.starts_with(kProfile)) name = trimmed(name.substr(kProfile.size()));
      if (!name.empty()) section = &file[std::string(name)];
      continue;
    }
    if (section == nullptr || raw.front() == ' ' || raw.front() == '\t') continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    (*section)[std::string(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
  }
  return file;
}

Result<ProfileFile> load_profiles(const std::string& path) {
  const Result<std::string> text = read_ini_file(path);
  if (!text) return text.error();
  return parse_profiles(*text);
}

}  // namespace pawl::runtime::aws
