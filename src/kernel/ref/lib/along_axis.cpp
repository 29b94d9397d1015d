#include "kernel/ref/lib/along_axis.hpp"

#include <algorithm>
#include <cmath>

namespace halftone::ref {

Powers powers_of(const float* x, std::int64_t count, std::int64_t step) {
    Powers powers;
    // With the largest element taken out, every exponential lies in [0, 1] and their sum in [1, count].
    float largest = x[0];
    for (std::int64_t i = 1; i < count; ++i) largest = std::max(largest, x[i * step]);
    powers.largest = static_cast<double>(largest);
    powers.values.reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
        powers.values.push_back(std::exp(static_cast<double>(x[i * step]) - powers.largest));
        powers.sum += powers.values.back();
    }
    return powers;
}

}  // namespace halftone::ref
