// The runtimes for Python and Node that pawl brings along, as program text.
//
// Made at build time from bootstrap/, and given to the interpreter on its command line: the binary
// needs no file beside it and leaves none behind, however it ends.
#pragma once

namespace pawl::connectors {

extern const char kPythonBootstrap[];
extern const char kNodeBootstrap[];

}  // namespace pawl::connectors
