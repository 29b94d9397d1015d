#include "exec/prepared_model.hpp"

#include "base/hash.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ref/ref_op.hpp"

namespace halftone {

PreparedModel prepare_model(std::string_view onnx_bytes, const std::string& name) {
    PreparedModel model;
    model.graph = run_passes(import_onnx(onnx_bytes, name, reference_ops()), reference_ops());
    model.units = find_units(model.graph);
    model.hash = hash_bytes(std::as_bytes(std::span(onnx_bytes.data(), onnx_bytes.size())));
    return model;
}

}  // namespace halftone
