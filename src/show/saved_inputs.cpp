#include "show/saved_inputs.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "base/file_system.hpp"
#include "eval/sample_feed.hpp"
#include "tensor/npy.hpp"

namespace halftone::show {
namespace {

/// Returns the name of a file for a field of the samples.
std::string file_of(const std::string& folder, const std::string& name) {
    std::string safe = name;
    for (char& c : safe) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '-') c = '_';
    }
    return folder + "/" + safe + ".npy";
}

/// Returns the type of a value over all samples.
TensorType stacked(const TensorType& type, std::int64_t samples, bool has_batch) {
    std::vector<std::int64_t> dims(type.shape.dims());
    if (has_batch) dims.erase(dims.begin());
    dims.insert(dims.begin(), samples);
    return {type.dtype, Shape(std::move(dims))};
}

}  // namespace

void save_inputs(const Pipeline& data, const Graph& graph, std::int64_t samples, const std::string& folder) {
    const Schema& schema = data.schema();
    const InputFields fields = fields_of(graph, schema);
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
    const auto files = make_posix_file_system();
    files->create_directories(folder);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        // Scripts rely on inputs.npy and labels.npy where there is one of each.
        const std::string name = inputs.size() == 1 ? "inputs" : graph.value(graph.inputs()[i]).name;
        files->write_atomically(file_of(folder, name), to_npy(inputs[i].view()));
    }
    for (std::size_t t = 0; t < targets.size(); ++t) {
        if (!targets[t]) continue;
        const std::string name = targets.size() == 1 ? "labels" : schema.targets[t].name;
        files->write_atomically(file_of(folder, name), to_npy(targets[t]->view()));
    }
}

}  // namespace halftone::show
