// The command inspect.
//
//   inspect_model     the survey of the file, then its units and what they can be; or every fault at once
//   faults_text       a table of all faults as one message
//   fill_output_shapes   shapes that the file does not declare
//   inspection_line   all of it as JSON (inspection_json)
#include "show/inspection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "eval/from_config.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "show/inspection_json.hpp"

namespace halftone::show {
namespace {

/// A table of all faults as one message. @pre several faults
std::string faults_text(const std::string& model, const ModelSurvey& survey) {
    std::size_t width = 0;
    for (const ModelFault& fault : survey.faults) width = std::max(width, fault.kind.size());
    std::string text =
        fmt::format("{} (opset {}): {} things stand in the way:", model, survey.opset, survey.faults.size());
    for (const ModelFault& fault : survey.faults)
        text += fmt::format("\n       {:{}}  {}", fault.kind, width, fault.what);
    if (std::any_of(survey.faults.begin(), survey.faults.end(),
                    [](const ModelFault& fault) { return fault.kind == "open dimension"; })) {
        text +=
            "\n       Sizes of open dimensions are given with --shape or --dim, in a config with model.input_shapes.";
    }
    return text;
}

/// Returns the model prepared as for a search, or refuses it with everything that stands in the way.
PreparedModel prepare_or_refuse(const SharedBytes& bytes, const std::string& name, const InputSizes& sizes,
                                ModelSurvey& survey) {
    std::set<std::string> kinds;
    for (const ModelFault& fault : survey.faults) kinds.insert(fault.kind);
    try {
        // The import itself lists all faults of these two kinds, and says what to do about them.
        const bool import_says_all = kinds == std::set<std::string>{"operator"} ||
                                     kinds == std::set<std::string>{"open dimension"} || survey.faults.size() < 2;
        if (import_says_all) return prepare_for_tuning(bytes, name, sizes);
        throw ModelError(faults_text(name, survey));
    } catch (const ModelError& error) {
        if (survey.faults.empty()) survey.faults.push_back({.kind = "graph", .what = error.what(), .where = ""});
        throw;
    }
}

/// Many files declare no shapes of their outputs; those that were inferred are shown then.
void fill_output_shapes(ModelSurvey& survey, const Graph& graph) {
    if (graph.info().tail != nullptr) return;  // shapes that depend on data are what the file says
    for (std::size_t i = 0; i < std::min(survey.outputs.size(), graph.outputs().size()); ++i) {
        const Shape& shape = graph.value(graph.outputs()[i]).type.shape;
        std::vector<std::string>& dims = survey.outputs[i].dims;
        if (dims.size() != shape.rank()) dims.assign(shape.rank(), "?");
        for (std::size_t d = 0; d < dims.size(); ++d) {
            if (dims[d] == "?") dims[d] = shape[d] == kSymbolic ? "N" : std::to_string(shape[d]);
        }
    }
}

}  // namespace

void inspect_model(Inspection& inspection, const SharedBytes& bytes, const std::string& name, const InputSizes& sizes,
                   const QuantizationConfig& constraints) {
    // The survey comes first: it reads also what cannot be imported, and so can name every fault at once.
    inspection.survey = survey_onnx(bytes, name, reference_ops(), sizes, bytes.keeper());
    inspection.model = prepare_or_refuse(bytes, name, sizes, inspection.survey);
    fill_output_shapes(inspection.survey, inspection.model.graph);
    // From here on as in a search, so that what is shown is what a search would have.
    inspection.capability = capability_table(inspection.model, constraints);
    inspection.space.emplace(
        build_space(inspection.model.graph, inspection.model.units, inspection.capability, constraints));
}

std::string inspection_line(const Inspection& inspection) {
    // Without a space the model was refused: then the JSON holds the survey with its faults alone.
    return inspection.space ? whole_line(inspection) : json_line(survey_json(inspection.survey));
}

}  // namespace halftone::show
