#include "eval/open_shapes.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "base/error.hpp"

namespace halftone {
namespace {

/// Enough to tell a usual size from an unusual one, and read in no time also where samples are large pictures.
constexpr std::int64_t kTypicalSamples = 32;

std::int64_t elements_of(const Sample& sample) {
    std::int64_t elements = 0;
    for (const FieldValue& value : sample.inputs) {
        if (const auto* tensor = std::get_if<Tensor>(&value)) elements += tensor->elements();
    }
    return elements;
}

/// Elements of an input behind its first dimension, which counts the samples or is 1.
double elements_of_row(const Shape& shape) {
    double elements = 1;
    for (std::size_t d = 1; d < shape.rank(); ++d) elements *= static_cast<double>(shape[d]);
    return elements;
}

}  // namespace

bool has_open_sizes(const std::vector<Field>& inputs) {
    return std::any_of(inputs.begin(), inputs.end(),
                       [](const Field& field) { return !field.is_text && !field.type.shape.is_static(); });
}

OpenShapes::OpenShapes(const Graph& graph, const Pipeline& data, const InputFields& fields) {
    fields_ = fields;
    bool are_any_open = has_open_sizes(data.unpadded_schema().inputs);
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
        const Value& input = graph.value(graph.inputs()[i]);
        const std::size_t field = fields.empty() ? i : fields[i];
        const Shape& sample = data.unpadded_schema().inputs.at(field).type.shape;
        const Shape& padded = data.schema().inputs.at(field).type.shape;
        const std::size_t rank = input.type.shape.rank();
        declared_.push_back(input.type.shape);
        std::vector<bool>& is_open = is_open_.emplace_back(rank, false);
        if (sample.rank() > rank || sample.rank() + 1 < rank) continue;  // refused where it is fed
        for (std::size_t d = rank - sample.rank(); d < rank; ++d) {
            const std::size_t own = d + sample.rank() - rank;
            is_open[d] = (sample[own] == kSymbolic || padded[own] != input.type.shape[d]) &&
                         graph.info().bound_dims.contains(input.name + ":" + std::to_string(d));
            are_any_open = are_any_open || is_open[d];
        }
    }
    if (!are_any_open) declared_.clear();
}

InputShapes OpenShapes::scaled(std::int64_t factor, std::int64_t divisor) const {
    InputShapes shapes = declared_;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        for (std::size_t d = 0; d < shapes[i].rank(); ++d) {
            if (is_open_[i][d]) shapes[i][d] = std::max<std::int64_t>(1, shapes[i][d] * factor / divisor);
        }
    }
    return shapes;
}

bool OpenShapes::has_fixed_batch() const {
    return !declared_.empty() && declared_.front().rank() > 0 && declared_.front()[0] != kSymbolic;
}

std::int64_t OpenShapes::most_rows(const InputShapes& shapes, std::int64_t batch) const {
    // Elements of the inputs stand for the memory of all values, most of which grow with them.
    double typical = 0;
    double wanted = 0;
    for (std::size_t i = 0; i < declared_.size(); ++i) {
        typical += elements_of_row(declared_[i]);
        wanted += elements_of_row(shapes[i]);
    }
    if (wanted <= typical) return batch;
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(batch) * typical / wanted));
}

template <class ShapeOfField>
InputShapes OpenShapes::shapes(const ShapeOfField& shape_of) const {
    InputShapes shapes = declared_;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        const Shape& sample = shape_of(fields_.empty() ? i : fields_[i]);
        if (sample.rank() > shapes[i].rank() || sample.rank() + 1 < shapes[i].rank()) continue;
        // A sample is a row of the input, or all of it where there is no batch dimension.
        const std::size_t batch_dims = shapes[i].rank() - sample.rank();
        for (std::size_t d = batch_dims; d < shapes[i].rank(); ++d) {
            if (is_open_[i][d]) shapes[i][d] = sample[d - batch_dims];
        }
    }
    return shapes;
}

InputShapes OpenShapes::of(const Sample& sample) const {
    if (is_empty()) return {};
    return shapes([&](std::size_t field) -> const Shape& { return std::get<Tensor>(sample.inputs.at(field)).shape(); });
}

InputShapes OpenShapes::unpadded(const Sample& sample) const {
    if (is_empty() || sample.unpadded.empty()) return {};
    return shapes([&](std::size_t field) -> const Shape& { return sample.unpadded.at(field); });
}

std::vector<Field> typical_inputs(const Pipeline& data) {
    std::vector<Field> fields = data.schema().inputs;
    if (!has_open_sizes(fields)) return fields;
    std::vector<Sample> samples;
    for (std::int64_t id = 0; id < std::min(data.size(), kTypicalSamples); ++id) {
        try {
            samples.push_back(data.read(id));
        } catch (const DataError&) {
            continue;  // whoever runs on it says so, with the file
        }
    }
    if (samples.empty()) return fields;
    std::stable_sort(samples.begin(), samples.end(),
                     [](const Sample& a, const Sample& b) { return elements_of(a) < elements_of(b); });
    const Sample& typical = samples[samples.size() / 2];
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (!fields[i].is_text) fields[i].type.shape = std::get<Tensor>(typical.inputs[i]).shape();
    }
    return fields;
}

}  // namespace halftone
