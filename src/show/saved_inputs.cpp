#include "show/saved_inputs.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/output_file.hpp"
#include "eval/open_shapes.hpp"
#include "eval/sample_feed.hpp"
#include "show/array_files.hpp"
#include "tensor/npy.hpp"

namespace halftone::show {
namespace {

/// The files of all inputs and of all targets. Scripts rely on inputs.npy and labels.npy where there is one of each.
std::pair<std::vector<std::string>, std::vector<std::string>> paths_of(const Graph& graph, const Schema& schema,
                                                                       const std::string& folder) {
    std::vector<std::string> names;
    for (const ValueId input : graph.inputs())
        names.push_back(graph.inputs().size() == 1 ? "inputs" : graph.value(input).name);
    for (const Field& target : schema.targets) names.push_back(schema.targets.size() == 1 ? "labels" : target.name);
    // Together: an input and a target may have one name, and two names may become one file's.
    std::vector<std::string> paths;
    for (const std::string& file : numbered_files(names)) paths.push_back(folder + "/" + file);
    const auto first_target = paths.begin() + static_cast<std::ptrdiff_t>(graph.inputs().size());
    return {{paths.begin(), first_target}, {first_target, paths.end()}};
}

/// Returns the type of a value over all samples.
TensorType stacked(const TensorType& type, std::int64_t samples, bool has_batch) {
    std::vector<std::int64_t> dims(type.shape.dims());
    if (has_batch) dims.erase(dims.begin());
    dims.insert(dims.begin(), samples);
    return {type.dtype, Shape(std::move(dims))};
}

}  // namespace

void save_inputs(const Pipeline& data, const Graph& graph, std::int64_t samples, const std::string& folder,
                 const std::vector<std::string>& read) {
    const Schema& schema = data.schema();
    const auto files = make_posix_file_system();
    files->create_directories(folder);
    const auto [input_paths, target_paths] = paths_of(graph, schema, folder);
    for (const auto* paths : {&input_paths, &target_paths})
        for (const std::string& path : *paths) check_output_file("--save-inputs", path, read);
    const InputFields fields = fields_of(graph, schema);
    if (!graph.info().bound_dims.empty() && has_open_sizes(schema.inputs)) {
        throw ConfigError("--save-inputs: samples of different sizes cannot be saved as one array");
    }
    // All samples of a field are one array, because that is what other programs read in one line.
    std::vector<Tensor> inputs;
    std::vector<MutableView> views;
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
        const TensorType& type = graph.value(graph.inputs()[i]).type;
        // A sample may be a whole input, without a batch dimension.
        const bool is_row = schema.inputs[fields[i]].type.shape.rank() < type.shape.rank();
        // In the types and shapes of the model, because the files are for comparing its inputs with those of another
        // program.
        inputs.emplace_back(stacked(type, samples, is_row));
    }
    for (Tensor& input : inputs) views.push_back(input.mutable_view());
    std::vector<std::optional<Tensor>> targets(schema.targets.size());  // texts have no .npy
    for (std::size_t t = 0; t < targets.size(); ++t) {
        const Field& field = schema.targets[t];
        // Targets whose size differs from sample to sample make no array; they are left out.
        if (!field.is_text && field.type.shape.is_static()) targets[t] = Tensor(stacked(field.type, samples, false));
    }
    for (std::int64_t id = 0; id < samples; ++id) {  // in the order of the data set, which is that of a trial
        const Sample sample = data.read(id);
        put_sample(sample, fields, id, samples, views);
        for (std::size_t t = 0; t < targets.size(); ++t) {
            if (!targets[t]) continue;
            const TensorView value = std::get<Tensor>(sample.targets[t]).view();
            std::copy_n(value.data, value.bytes(),
                        targets[t]->mutable_view().data + static_cast<std::size_t>(id) * value.bytes());
        }
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) files->write_atomically(input_paths[i], to_npy(inputs[i].view()));
    for (std::size_t t = 0; t < targets.size(); ++t)
        if (targets[t]) files->write_atomically(target_paths[t], to_npy(targets[t]->view()));
}

}  // namespace halftone::show
