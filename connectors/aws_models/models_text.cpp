// models.txt as part of the program: two megabytes, which no compiler reads gladly as a literal.
#include "connectors/aws_models/aws_models.h"

asm(".section .rodata\n"
    ".global kPawlAwsModelsBegin\n"
    ".global kPawlAwsModelsEnd\n"
    "kPawlAwsModelsBegin:\n"
    ".incbin \"" PAWL_AWS_MODELS_FILE
    "\"\n"
    "kPawlAwsModelsEnd:\n"
    ".previous\n");

extern "C" {
extern const char kPawlAwsModelsBegin[];
extern const char kPawlAwsModelsEnd[];
}

namespace pawl::connectors {

std::string_view aws_models_text() {
  return {kPawlAwsModelsBegin, static_cast<std::size_t>(kPawlAwsModelsEnd -  // NOLINT
                                                        kPawlAwsModelsBegin)};
}

}  // namespace pawl::connectors
