// X[k] = sum over t of x[t] exp(-2 pi i k t / n). Powers of two by the radix-2 algorithm, other lengths as the sum
// says. Source: Cooley and Tukey, "An algorithm for the machine calculation of complex Fourier series", Mathematics of
// Computation 19, 1965.
#include "kernel/ref/lib/fourier.hpp"

#include <bit>
#include <cmath>
#include <numbers>

namespace halftone::ref {

Fourier::Fourier(std::int64_t length, bool is_inverse) : is_inverse_(is_inverse) {
    const double turn = (is_inverse ? 2 : -2) * std::numbers::pi / static_cast<double>(length);
    for (std::int64_t k = 0; k < length; ++k) roots_.push_back(std::polar(1.0, turn * static_cast<double>(k)));
}

void Fourier::run(std::vector<std::complex<double>>& line) const {
    const std::size_t n = roots_.size();
    if (std::has_single_bit(n)) {
        run_powers_of_two(line);
    } else {
        std::vector<std::complex<double>> sums(n);
        for (std::size_t k = 0; k < n; ++k) {
            // k * t modulo n is counted along, so that the root is looked up and not computed.
            std::size_t root = 0;
            for (std::size_t t = 0; t < n; ++t) {
                sums[k] += line[t] * roots_[root];
                root += k;
                if (root >= n) root -= n;
            }
        }
        line = std::move(sums);
    }
    if (!is_inverse_) return;
    for (std::complex<double>& value : line) value /= static_cast<double>(n);
}

void Fourier::run_powers_of_two(std::vector<std::complex<double>>& line) const {
    const std::size_t n = line.size();
    // The elements in the order of their reversed bits: then each step joins neighbours.
    for (std::size_t i = 1, j = 0; i < n; ++i) {
        std::size_t bit = n >> 1U;
        for (; (j & bit) != 0; bit >>= 1U) j ^= bit;
        j ^= bit;
        if (i < j) std::swap(line[i], line[j]);
    }
    for (std::size_t size = 2; size <= n; size *= 2) {
        const std::size_t half = size / 2;
        for (std::size_t start = 0; start < n; start += size) {
            for (std::size_t i = 0; i < half; ++i) {
                // One butterfly: the even half plus and minus the odd half, which is turned by a root of unity.
                const std::complex<double> even = line[start + i];
                const std::complex<double> odd = line[start + i + half] * roots_[i * (n / size)];
                line[start + i] = even + odd;
                line[start + i + half] = even - odd;
            }
        }
    }
}

}  // namespace halftone::ref
