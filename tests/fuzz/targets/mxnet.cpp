// Any bytes as a symbol.json of MXNet, and behind the line "=== params" as its weights: refused, or a network that
// survives its export (which is tried for one input in 4).
#include "base/error.hpp"
#include "fuzz/sections.hpp"
#include "fuzz/target.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "import/mxnet/mxnet_model.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone::fuzz {
namespace {

void run_mxnet(std::string_view bytes) {
    auto sections = sections_of(bytes, "symbol");
    (void)is_mxnet_symbol(sections["symbol"]);
    const InputSizes sizes{.shapes = {{"data", {1, 3, 8, 8}}}};
    try {
        const Graph graph =
            import_mxnet({sections["symbol"], sections["params"], "fuzz.json", "fuzz.params"}, sizes, reference_ops());
        if (is_in_share(bytes, 4)) (void)import_onnx(export_onnx(graph), "again.onnx", reference_ops());
    } catch (const ModelError&) {
        return;
    } catch (const ConfigError&) {
        return;  // no input called data
    }
}

}  // namespace

FuzzTarget make_mxnet_target() { return {.run = &run_mxnet}; }

}  // namespace halftone::fuzz
