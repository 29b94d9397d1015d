#include "base/check.hpp"
#include "exec/passes/passes.hpp"

namespace halftone {

using ExecPassFunction = std::optional<Graph>(const Graph&, const ExecPassContext&);
#define HALFTONE_LIST "exec/passes/list.inc"
#define HALFTONE_TABLE kExecPasses
#define HALFTONE_FACTORY ExecPassFunction
#define HALFTONE_NAME(name) name
#include "base/plugin_table.inc"

std::span<const RegistryRow<ExecPass>> exec_passes() { return kExecPasses.rows(); }

ExecPass exec_pass(std::string_view word) {
    const ExecPass* const pass = kExecPasses.find(word);
    HALFTONE_CHECK(pass != nullptr, "list.inc has the pass");
    return *pass;
}

}  // namespace halftone
