// The model's file: everything that stands in its way at once, or the prepared model.
#include <algorithm>

#include "base/error.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "rehearsal/parts.hpp"

namespace halftone::rehearsal {
namespace {

/// The place of model.input_shapes where the config gives sizes, else that of model.path.
std::string place_of_sizes(const RunConfig& config) {
    const ConfigNode* model = config.effective.find("model");
    const ConfigNode* shapes = model == nullptr ? nullptr : model->find("input_shapes");
    if (shapes != nullptr) return place_of(*shapes);
    return config.model_path_mark.to_text() + " model.path";
}

}  // namespace

std::optional<PreparedModel> try_model(const RunConfig& config, const SharedBytes& bytes, const InputSizes& sizes,
                                       bool has_data, FaultList& faults, ModelFacts& facts) {
    facts.path = config.model_path;
    facts.file_bytes = bytes.size();
    const std::string place = config.model_path_mark.to_text() + " model.path";
    const bool is_onnx = faults.try_part(
        FaultKind::model, place, [&] { facts.survey = survey_onnx(bytes, config.model_path, reference_ops(), sizes); });
    if (!is_onnx) return std::nullopt;
    bool is_good = true;
    bool has_open = false;
    for (const ModelFault& fault : facts.survey.faults) {
        // The survey knows the config's sizes only; samples may give the others, which the import sees.
        has_open |= fault.kind == "open dimension";
        if (fault.kind == "open dimension") continue;
        is_good = false;
        faults.add({.kind = FaultKind::model, .code = ExitCode::model, .where = place, .what = fault.what});
    }
    // Without the samples nobody knows whether they would have given the size.
    if (!is_good || (has_open && !has_data)) return std::nullopt;
    // The survey types no nodes; the import does, and may still refuse one.
    std::optional<PreparedModel> model;
    static_cast<void>(faults.try_part(FaultKind::model, place_of_sizes(config),
                                      [&] { model = prepare_model(bytes, config.model_path, sizes); }));
    if (!model) return std::nullopt;
    facts.nodes = model->graph.nodes().size();
    facts.units = model->units.size();
    return model;
}

}  // namespace halftone::rehearsal
