// `pawl eval` at a terminal: expressions are tried on a document, one after the other.
#pragma once

#include "asl/json/value.h"
#include "asl/jsonata/batch.h"
#include "asl/jsonata/jsonata.h"

namespace pawl::cli {

// Reads from standard input until :quit or its end. Returns the exit code.
int run_eval_prompt(asl::jsonata::Dialect dialect, asl::Value input, asl::Value bindings,
                    const asl::jsonata::BatchEnvironment& environment);

}  // namespace pawl::cli
