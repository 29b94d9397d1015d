#include "base/check.hpp"
#include "exec/passes/passes.hpp"

namespace halftone {

// The list is read twice: once to declare the functions, once to make the table of them.
#define HALFTONE_PLUGIN(word, name) std::optional<Graph> name(const Graph&, const ExecPassContext&);
#include "exec/passes/list.inc"
#undef HALFTONE_PLUGIN

namespace {

#define HALFTONE_PLUGIN(word, name) {word, name},
constexpr auto kExecPasses = make_registry<ExecPass>({
#include "exec/passes/list.inc"
});
#undef HALFTONE_PLUGIN

}  // namespace

std::span<const RegistryRow<ExecPass>> exec_passes() { return kExecPasses.rows(); }

ExecPass exec_pass(std::string_view word) {
    const ExecPass* const pass = kExecPasses.find(word);
    HALFTONE_CHECK(pass != nullptr, "list.inc has the pass");
    return *pass;
}

}  // namespace halftone
