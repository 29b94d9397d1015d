#include "exec/prepared_model.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/mapped_files.hpp"
#include "exec/lift_quantized.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {

PreparedModel prepare_model(const SharedBytes& onnx_bytes, const std::string& name, const InputSizes& sizes) {
    PreparedModel model;
    const Graph imported = import_onnx(onnx_bytes, name, reference_ops(), onnx_bytes.keeper());
    try {
        model.graph = run_passes(bind_sizes(imported, sizes), reference_ops());
    } catch (ModelError& error) {
        // The import names its file itself; a pass knows only the graph.
        error.add_context(name + " (opset " + std::to_string(imported.info().opset) + ")");
        throw;
    }
    model.units = find_units(model.graph);
    // Of the file, not of the graph: a resumed run must refuse another file even if it simplifies to the same graph.
    model.hash = hash_bytes(std::as_bytes(std::span(onnx_bytes.view())));
    check_mapped_files();  // the hash is that of the weights that were read
    return model;
}

PreparedModel prepare_for_tuning(const SharedBytes& onnx_bytes, const std::string& name, const InputSizes& sizes) {
    PreparedModel model = prepare_model(onnx_bytes, name, sizes);
    auto lifted = lift_quantized(model.graph, reference_ops());
    if (!lifted) return model;
    // Once more: what stands between real values only now may be folded (a batch norm behind a convolution).
    model.graph = run_passes(lifted->graph, reference_ops());
    model.units = find_units(model.graph);
    model.is_lifted = true;
    model.given = given_numbers(*lifted, model.graph, model.units);
    return model;
}

}  // namespace halftone
