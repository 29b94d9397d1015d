// Binding of open dimensions.
//
//   parse_input_sizes   texts of options to numbers
//   SizeBinder          check_names    what names no input and no open dimension
//                       bind_given     sizes by input, then by name of a dimension
//                       bind_shared    dimensions of one name have one size
//                       bind_sample    what is open still has the size that a sample of the data has there
//                       check_missing  what is still open and is no batch
//
// All faults are collected and reported at once.
#include "graph/input_sizes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "graph/builder.hpp"

namespace halftone {
namespace {

/// Names may hold '=', sizes cannot: the last '=' divides them.
std::pair<std::string, std::string> split_assignment(const std::string& option, const std::string& text) {
    const std::size_t at = text.rfind('=');
    if (at == std::string::npos || at == 0 || at + 1 == text.size()) {
        throw ConfigError(fmt::format("{} {}: must be NAME=SIZE", option, text));
    }
    return {text.substr(0, at), text.substr(at + 1)};
}

std::int64_t parse_size(const std::string& option, const std::string& text, const std::string& size) {
    const auto number = parse_int(size);
    if (number && *number >= 1 && *number <= std::numeric_limits<std::int32_t>::max()) return *number;
    throw ConfigError(fmt::format("{} {}: '{}' is no size; allowed: 1 to {}", option, text, size,
                                  std::numeric_limits<std::int32_t>::max()));
}

/// Gives the graph inputs of one graph their sizes.
class SizeBinder {
public:
    SizeBinder(const Graph& graph, const InputSizes& sizes) : graph_(graph), sizes_(sizes), builder_(graph) {}

    [[nodiscard]] Graph run() {
        check_names();
        for (const ValueId id : graph_.inputs()) bind_given(id);
        for (const ValueId id : graph_.inputs()) bind_shared(id);
        bind_sample();
        if (!faults_.empty()) throw ConfigError(fmt::format("{}", fmt::join(faults_, "\n       ")));
        check_missing();
        return std::move(builder_).build();
    }

private:
    [[nodiscard]] static std::string key(const std::string& value, std::size_t dim) {
        return fmt::format("{}:{}", value, dim);
    }
    /// The name of an open dimension; empty where the model gives none.
    [[nodiscard]] std::string name_of(const std::string& value, std::size_t dim) const {
        const auto& names = graph_.info().dim_names;
        const auto found = names.find(key(value, dim));
        return found == names.end() ? "" : found->second;
    }
    void bind(Value& value, std::size_t dim, std::int64_t size) {
        value.type.shape[dim] = size;
        builder_.info().bound_dims.insert(key(value.name, dim));
        const std::string name = name_of(value.name, dim);
        if (name.empty()) return;
        const auto [known, is_new] = by_name_.emplace(name, size);
        if (!is_new && known->second != size) {
            faults_.push_back(fmt::format("the dimension '{}' has the size {} in one place and {} in input '{}'", name,
                                          known->second, size, value.name));
        }
    }

    void check_names();
    void bind_given(ValueId id);
    void bind_shared(ValueId id);
    void bind_sample();
    void check_missing();

    const Graph& graph_;
    const InputSizes& sizes_;
    GraphBuilder builder_;
    std::map<std::string, std::int64_t> by_name_;  ///< sizes of dimensions with a name
    std::vector<std::string> faults_;
};

void SizeBinder::check_names() {
    std::set<std::string> inputs;
    std::set<std::string> dims;
    for (const ValueId id : graph_.inputs()) {
        const Value& value = graph_.value(id);
        inputs.insert(value.name);
        for (std::size_t d = 0; d < value.type.shape.rank(); ++d) {
            if (const std::string name = name_of(value.name, d); !name.empty()) dims.insert(name);
        }
    }
    for (const auto& [name, shape] : sizes_.shapes) {
        if (inputs.contains(name)) continue;
        faults_.push_back(
            fmt::format("a shape is given for '{}'; the model's inputs are: {}", name, fmt::join(inputs, ", ")));
    }
    for (const auto& [name, size] : sizes_.dims) {
        if (dims.contains(name)) continue;
        faults_.push_back(fmt::format("a size is given for the dimension '{}'; the model's open dimensions are: {}",
                                      name,
                                      dims.empty() ? "none with a name" : fmt::format("{}", fmt::join(dims, ", "))));
    }
}

void SizeBinder::bind_given(ValueId id) {
    Value& value = builder_.value(id);
    const auto given = sizes_.shapes.find(value.name);
    const Shape declared = value.type.shape;
    if (given != sizes_.shapes.end() && given->second.size() != declared.rank()) {
        faults_.push_back(fmt::format("the shape given for '{}' has {} dimensions, the model's input has {}: {}",
                                      value.name, given->second.size(), declared.rank(), declared.to_text()));
        return;
    }
    for (std::size_t d = 0; d < declared.rank(); ++d) {
        const std::int64_t wanted = given == sizes_.shapes.end() ? -1 : given->second[d];
        if (declared[d] != kSymbolic) {
            if (wanted == -1 || wanted == declared[d]) continue;
            faults_.push_back(fmt::format("the shape given for '{}' has {} as dimension {}, the model fixes it to {}",
                                          value.name, wanted, d, declared[d]));
            continue;
        }
        const auto by_dim = sizes_.dims.find(name_of(value.name, d));
        if (wanted != -1) bind(value, d, wanted);
        // A name is also an answer for a dimension whose own size is given: bind() compares the two.
        if (by_dim != sizes_.dims.end()) bind(value, d, by_dim->second);
    }
}

void SizeBinder::bind_shared(ValueId id) {
    Value& value = builder_.value(id);
    for (std::size_t d = 0; d < value.type.shape.rank(); ++d) {
        if (value.type.shape[d] != kSymbolic) continue;
        const auto known = by_name_.find(name_of(value.name, d));
        if (known != by_name_.end()) bind(value, d, known->second);
    }
}

void SizeBinder::bind_sample() {
    std::vector<std::string> names;
    for (const ValueId id : graph_.inputs()) names.push_back(graph_.value(id).name);
    // Samples that do not fit are a fault of the data set, which whoever feeds the model explains.
    const auto fields = match_fields(names, sizes_.sample);
    if (!fields) return;
    for (std::size_t i = 0; i < names.size(); ++i) {
        Value& value = builder_.value(graph_.inputs()[i]);
        const Shape& sample = sizes_.sample[(*fields)[i]].type.shape;
        // A sample is a row of its input, or all of it, batch included.
        const std::size_t rank = value.type.shape.rank();
        if (sample.rank() != rank && sample.rank() + 1 != rank) continue;
        const std::size_t rows = rank - sample.rank();
        for (std::size_t d = 1; d < rank; ++d) {
            if (value.type.shape[d] != kSymbolic) continue;
            if (sample[d - rows] != kSymbolic) bind(value, d, sample[d - rows]);
        }
    }
}

void SizeBinder::check_missing() {
    std::vector<std::string> missing;
    std::string example;
    // The first dimension is the batch and may stay open, so only those behind it are asked for.
    const char* may_keep = "";
    for (const ValueId id : graph_.inputs()) {
        const Shape& shape = builder_.value(id).type.shape;
        const std::string& name = graph_.value(id).name;
        for (std::size_t d = 1; d < shape.rank(); ++d) {
            if (shape[d] != kSymbolic) continue;
            const std::string dim = name_of(name, d);
            missing.push_back(
                fmt::format("dimension {}{} of '{}'", d, dim.empty() ? "" : fmt::format(" ('{}')", dim), name));
            if (!example.empty()) continue;
            std::vector<std::string> dims;
            for (const std::int64_t size : shape.dims()) dims.push_back(size == kSymbolic ? "?" : std::to_string(size));
            example = fmt::format("{}={}", name, fmt::join(dims, ","));
            may_keep = shape[0] == kSymbolic ? " (the first one, the batch, may stay)" : "";
        }
    }
    if (missing.empty()) return;
    // A data set whose samples had one size would have answered.
    const char* samples =
        sizes_.sample.empty() ? "" : ", or a transform that gives all samples one size, such as Resize";
    throw ModelError(
        fmt::format("the model leaves sizes open: {}. Give them: --shape {} with a number for each '?'{}, or --dim "
                    "NAME=SIZE by the name of a dimension; in a config: model.input_shapes{}",
                    fmt::join(missing, ", "), example, may_keep, samples));
}

}  // namespace

InputSizes parse_input_sizes(const std::vector<std::string>& shapes, const std::vector<std::string>& dims) {
    InputSizes sizes;
    for (const std::string& text : shapes) {
        const auto [name, list] = split_assignment("--shape", text);
        std::vector<std::int64_t> shape;
        for (const std::string& size : split(list, ',')) {
            shape.push_back(size == "?" ? -1 : parse_size("--shape", text, size));
        }
        if (!sizes.shapes.emplace(name, std::move(shape)).second) {
            throw ConfigError(fmt::format("--shape {}: '{}' is given twice", text, name));
        }
    }
    for (const std::string& text : dims) {
        const auto [name, size] = split_assignment("--dim", text);
        if (!sizes.dims.emplace(name, parse_size("--dim", text, size)).second) {
            throw ConfigError(fmt::format("--dim {}: '{}' is given twice", text, name));
        }
    }
    return sizes;
}

Graph bind_sizes(const Graph& graph, const InputSizes& sizes) { return SizeBinder(graph, sizes).run(); }

}  // namespace halftone
