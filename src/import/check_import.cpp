#include "import/check_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "exec/run_once.hpp"

namespace halftone {
namespace {

template <class T>
std::vector<double> as_doubles(const Tensor& tensor) {
    const auto values = tensor.as<T>();
    return {values.begin(), values.end()};
}

/// Returns the values as fp64, which holds all that frameworks put out but integers above 2^53.
std::vector<double> values_of(const Tensor& tensor) {
    switch (tensor.dtype()) {
        case DType::f32:
            return as_doubles<float>(tensor);
        case DType::f64:
            return as_doubles<double>(tensor);
        case DType::s8:
            return as_doubles<std::int8_t>(tensor);
        case DType::u8:
        case DType::boolean:
            return as_doubles<std::uint8_t>(tensor);
        case DType::s32:
            return as_doubles<std::int32_t>(tensor);
        case DType::s64:
            return as_doubles<std::int64_t>(tensor);
        default:
            throw ModelError(fmt::format("outputs of type {} cannot be compared", to_string(tensor.dtype())));
    }
}

/// Arrays belong to the graph by name: converters may change the order of inputs.
const FrameworkArray& named(const std::vector<FrameworkArray>& arrays, const std::string& name, const char* what) {
    const auto found =
        std::find_if(arrays.begin(), arrays.end(), [&](const auto& array) { return array.name == name; });
    if (found == arrays.end())
        throw ModelError(fmt::format("the framework gave no {} '{}' to compare with", what, name));
    return *found;
}

/// Over all outputs together: an output that is almost zero everywhere would have a large difference of its own.
struct Differences {
    double difference = 0.0;
    double largest = 0.0;
};

/// NaN differs from everything but NaN.
void add_differences(const std::vector<double>& have, const std::vector<double>& want, Differences& sums) {
    for (std::size_t i = 0; i < want.size(); ++i) {
        if ((std::isnan(have[i]) && std::isnan(want[i])) || have[i] == want[i]) continue;
        const double difference = std::abs(have[i] - want[i]);
        // std::max would drop a NaN, so it becomes infinite: a NaN on one side only must end the import.
        sums.difference = std::isnan(difference) ? HUGE_VAL : std::max(sums.difference, difference);
    }
    for (const double value : want) {
        if (std::isfinite(value)) sums.largest = std::max(sums.largest, std::abs(value));
    }
}

}  // namespace

double check_import(const Graph& graph, const Conversion& conversion) {
    std::vector<Tensor> arrays;
    for (const ValueId id : graph.inputs()) {
        arrays.push_back(named(conversion.inputs, graph.value(id).name, "input").values);
    }
    // The fast kernels run here, because they are what a user of the model will run.
    const std::vector<Tensor> outputs = run_once(graph, arrays, Backend::dnnl);
    Differences sums;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const std::string& name = graph.value(graph.outputs()[i]).name;
        const Tensor& want = named(conversion.outputs, name, "output").values;
        if (outputs[i].shape() != want.shape()) {
            throw ModelError(fmt::format("the output '{}' has the shape {}, in its framework {}", name,
                                         outputs[i].shape().to_text(), want.shape().to_text()));
        }
        add_differences(values_of(outputs[i]), values_of(want), sums);
    }
    // Relative to the largest output: what is a rounding for logits around 20 is not one for probabilities. If all
    // outputs are zero, any difference is infinite, and refused.
    const double error = sums.difference == 0.0 ? 0.0 : sums.difference / sums.largest;
    if (error <= conversion.tolerance) return error;
    throw ModelError(
        fmt::format("the imported model does not compute what it computes in its framework: outputs on random inputs "
                    "differ by {:.1e} of the largest one; allowed: {:.0e}",
                    error, conversion.tolerance));
}

}  // namespace halftone
