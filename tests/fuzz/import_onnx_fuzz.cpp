// Any bytes as a model file, all the way a model goes: import, passes, units, export. A file is refused with a
// ModelError or it is a graph that survives its own export; everything else is a finding.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/passes/passes.hpp"
#include "graph/unit.hpp"
#include "kernel/ops/reference_ops.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace halftone;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    try {
        const Graph graph = run_passes(import_onnx(bytes, "fuzz.onnx", reference_ops()), reference_ops());
        (void)find_units(graph);
        (void)bind_batch(graph, reference_ops(), 2);
        const Graph again = run_passes(import_onnx(export_onnx(graph), "again.onnx", reference_ops()), reference_ops());
        if (hash_of(again) != hash_of(graph)) std::abort();
    } catch (const ModelError&) {
        return 0;
    }
    return 0;
}
