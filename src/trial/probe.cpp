#include "trial/probe.hpp"

#include <algorithm>

namespace halftone {

// Sums in double: the values are floats, so products are exact and a sum over 10^9 of them keeps its first seven
// digits.
void ErrorSums::add(float x, float y) {
    const double a = x;
    const double b = y;
    error += (a - b) * (a - b);
    reference += a * a;
    quantized += b * b;
    product += a * b;
    sum += a;
    quantized_sum += b;
    min = count == 0 ? a : std::min(min, a);
    max = count == 0 ? a : std::max(max, a);
    quantized_min = count == 0 ? b : std::min(quantized_min, b);
    quantized_max = count == 0 ? b : std::max(quantized_max, b);
    ++count;
}

// The order of merging is the order of shards, because a sum of doubles depends on it.
void ErrorSums::merge(const ErrorSums& later) {
    if (later.count == 0) return;
    error += later.error;
    reference += later.reference;
    quantized += later.quantized;
    product += later.product;
    sum += later.sum;
    quantized_sum += later.quantized_sum;
    min = count == 0 ? later.min : std::min(min, later.min);
    max = count == 0 ? later.max : std::max(max, later.max);
    quantized_min = count == 0 ? later.quantized_min : std::min(quantized_min, later.quantized_min);
    quantized_max = count == 0 ? later.quantized_max : std::max(quantized_max, later.quantized_max);
    count += later.count;
}

double ErrorSums::relative() const {
    if (error == 0) return 0;
    return error / reference;  // a value that should be all zero and is not: infinite
}

// A probe keeps sums only, so the scaled difference is expanded instead of computed element by element.
double ErrorSums::own_range_mse() const {
    if (count == 0) return 0;
    // With a = (x - min) / range and b likewise: sum (a - b)^2 = sum a^2 - 2 sum a b + sum b^2, each from the sums
    // kept.
    const auto n = static_cast<double>(count);
    const double u = max > min ? 1 / (max - min) : 0;
    const double v = quantized_max > quantized_min ? 1 / (quantized_max - quantized_min) : 0;
    const double aa = u * u * (reference - 2 * min * sum + n * min * min);
    const double bb = v * v * (quantized - 2 * quantized_min * quantized_sum + n * quantized_min * quantized_min);
    const double ab = u * v * (product - quantized_min * sum - min * quantized_sum + n * min * quantized_min);
    return std::max(0.0, (aa - 2 * ab + bb) / n);  // rounding may leave a negative number of a difference of large ones
}

}  // namespace halftone
