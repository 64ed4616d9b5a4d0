// models.txt as part of the program: two megabytes, which no compiler reads gladly as a literal.
#include "connectors/aws_models/aws_models.h"

asm(".section .rodata\n"
    ".global pawl_aws_models_begin\n"
    ".global pawl_aws_models_end\n"
    "pawl_aws_models_begin:\n"
    ".incbin \"" PAWL_AWS_MODELS_FILE
    "\"\n"
    "pawl_aws_models_end:\n"
    ".previous\n");

extern "C" {
extern const char pawl_aws_models_begin[];
extern const char pawl_aws_models_end[];
}

namespace pawl::connectors {

std::string_view aws_models_text() {
  return {pawl_aws_models_begin, static_cast<std::size_t>(pawl_aws_models_end -  // NOLINT
                                                          pawl_aws_models_begin)};
}

}  // namespace pawl::connectors
