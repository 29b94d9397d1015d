#include "exec/awq.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "base/check.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

/// As many alphas as in the authors' program, and the last one, 1.
constexpr int kAlphaSteps = 20;
/// A factor is divided by and multiplied with: numbers far from 1 would lose digits of what is scaled.
constexpr double kLargestAwqFactor = 1e5;
/// So many rows are multiplied at once: the matrix of errors is then read once for all of them.
constexpr std::size_t kAwqRowsAtOnce = 8;

std::vector<float> factors_of(const std::vector<double>& magnitude, double alpha) {
    double least = 0;
    double largest = 0;
    for (const double m : magnitude) {
        if (m <= 0) continue;
        const double s = std::pow(m, alpha);
        least = least == 0 ? s : std::min(least, s);
        largest = std::max(largest, s);
    }
    const double middle = std::sqrt(least * largest);
    std::vector<float> factors;
    for (const double m : magnitude) {
        const double s = m > 0 ? std::pow(m, alpha) / middle : 1.0;
        factors.push_back(static_cast<float>(std::clamp(s, 1 / kLargestAwqFactor, kLargestAwqFactor)));
    }
    return factors;
}

/// Q(s W) / s - W: what is added to each weight.
std::vector<float> weight_errors(const AwqWeight& own, const std::vector<float>& factors) {
    const auto columns = static_cast<std::size_t>(own.weight.shape()[1]);
    const auto weights = own.weight.as<float>();
    Tensor scaled = own.weight.clone();
    const auto values = scaled.mutable_view().as<float>();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] *= factors[i / columns];
    const QuantParams params = block_params(scaled, own.rule);
    const Tensor rounded = dequantize_blocks(quantize_blocks(scaled, params), params);
    std::vector<float> errors(weights.size());
    for (std::size_t i = 0; i < errors.size(); ++i) {
        errors[i] = rounded.as<float>()[i] / factors[i / columns] - weights[i];
    }
    return errors;
}

/// Sum of squares of X E. @param rows  X, some rows of E's height
double product_error(std::span<const float> rows, const std::vector<float>& errors, std::size_t channels) {
    const std::size_t columns = errors.size() / channels;
    const std::size_t count = rows.size() / channels;
    double sum = 0;
    std::vector<float> products;
    for (std::size_t first = 0; first < count; first += kAwqRowsAtOnce) {
        const std::size_t at_once = std::min(kAwqRowsAtOnce, count - first);
        products.assign(at_once * columns, 0.0F);
        for (std::size_t k = 0; k < channels; ++k) {
            const float* error = errors.data() + k * columns;
            for (std::size_t r = 0; r < at_once; ++r) {
                const float x = rows[(first + r) * channels + k];
                float* product = products.data() + r * columns;
                for (std::size_t c = 0; c < columns; ++c) product[c] += x * error[c];
            }
        }
        for (const float product : products) sum += static_cast<double>(product) * static_cast<double>(product);
    }
    return sum;
}

}  // namespace

std::vector<float> awq_factors(const std::vector<AwqWeight>& weights, const AwqInput& input) {
    const std::size_t channels = input.magnitude.size();
    std::vector<float> best;
    std::optional<double> least;
    for (int step = 0; step <= kAlphaSteps; ++step) {
        const double alpha = static_cast<double>(step) / kAlphaSteps;
        std::vector<float> factors = factors_of(input.magnitude, alpha);
        double error = 0;
        for (const AwqWeight& own : weights) {
            HALFTONE_CHECK(own.rule.axis == 0 && own.weight.shape()[0] == static_cast<std::int64_t>(channels),
                           "a weight [K, N] with blocks along K");
            error += product_error(input.rows, weight_errors(own, factors), channels);
        }
        if (least && !(error < *least)) continue;
        least = error;
        best = step == 0 ? std::vector<float>() : std::move(factors);
    }
    return best;
}

}  // namespace halftone
