// The files of models as part of the program: megabytes, which no compiler reads gladly as
// literals.
#include "connectors/aws_models/api_model.h"
#include "connectors/aws_models/aws_models.h"

#include <algorithm>

asm(".section .rodata\n"
    ".global kPawlAwsModelsBegin\n"
    ".global kPawlAwsModelsEnd\n"
    ".global kPawlWholeModelsEnd\n"
    "kPawlAwsModelsBegin:\n"
    ".incbin \"" PAWL_AWS_MODELS_FILE
    "\"\n"
    "kPawlAwsModelsEnd:\n"
    ".incbin \"" PAWL_WHOLE_MODELS_FILE
    "\"\n"
    "kPawlWholeModelsEnd:\n"
    ".previous\n");

extern "C" {
extern const char kPawlAwsModelsBegin[];
extern const char kPawlAwsModelsEnd[];
extern const char kPawlWholeModelsEnd[];
}

namespace pawl::connectors {

std::string_view aws_models_text() {
  return {kPawlAwsModelsBegin, static_cast<std::size_t>(kPawlAwsModelsEnd -  // NOLINT
                                                        kPawlAwsModelsBegin)};
}

std::string_view shipped_model_text(std::string_view sdk_id) {
  std::string_view left = {kPawlAwsModelsEnd,
                           static_cast<std::size_t>(kPawlWholeModelsEnd -  // NOLINT
                                                    kPawlAwsModelsEnd)};
  while (!left.empty()) {
    const std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(line.size() + 1, left.size()));
    const std::size_t tab = line.find('\t');
    if (tab != std::string_view::npos && line.substr(0, tab) == sdk_id) return line.substr(tab + 1);
  }
  return {};
}

}  // namespace pawl::connectors
