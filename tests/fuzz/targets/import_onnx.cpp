// Any bytes as a model file, all the way a model goes: import, passes, units, export. A file is refused with a
// ModelError or it is a graph that survives its own export, and whose file has no fault in a survey. One input in 4 is
// surveyed, and another one in 4 exported.
#include "base/error.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/target.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "graph/passes/passes.hpp"
#include "graph/unit.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone::fuzz {
namespace {

void check_survey(std::string_view bytes) {
    const ModelSurvey survey = survey_onnx(bytes, "fuzz.onnx", reference_ops());
    (void)import_onnx(bytes, "fuzz.onnx", reference_ops());  // ends here if it is refused
    for (const ModelFault& fault : survey.faults) {
        expect(fault.kind == "open dimension", "a model with a fault was imported: " + fault.what);
    }
}

void check_export(const Graph& graph) {
    (void)bind_batch(graph, reference_ops(), 2);
    const Graph again = run_passes(import_onnx(export_onnx(graph), "again.onnx", reference_ops()), reference_ops());
    expect(hash_of(again) == hash_of(graph), "the export of an imported model is another model");
}

void run_import_onnx(std::string_view bytes) {
    try {
        if (is_in_share(bytes, 4)) check_survey(bytes);
        const Graph graph = run_passes(import_onnx(bytes, "fuzz.onnx", reference_ops()), reference_ops());
        (void)find_units(graph);
        if (is_in_share(bytes, 4, 1)) check_export(graph);
    } catch (const ModelError&) {
        return;  // refused, as it should be
    }
}

}  // namespace

FuzzTarget make_import_onnx_target() { return {.run = &run_import_onnx, .mutate = &mutate_onnx}; }

}  // namespace halftone::fuzz
