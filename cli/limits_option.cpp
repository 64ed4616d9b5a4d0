#include "cli/limits_option.h"

namespace pawl::cli {

CLI::Option* add_limits_option(CLI::App& parser, std::string& limits) {
  limits = "aws";
  return parser
      .add_option("--limits", limits,
                  "aws, or relaxed: larger payloads, histories, names and quotas")
      ->option_text("WHOSE")
      ->envname("PAWL_LIMITS")
      ->check(CLI::IsMember({"aws", "relaxed"}));
}

engine::Limits limits_named(const std::string& limits) {
  return limits == "relaxed" ? engine::relaxed_limits() : engine::Limits{};
}

}  // namespace pawl::cli
