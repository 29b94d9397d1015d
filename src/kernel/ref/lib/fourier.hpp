#pragma once
// The discrete Fourier transform of one line, for DFT and STFT.

#include <complex>
#include <cstdint>
#include <vector>

namespace halftone::ref {

/// Transforms lines of one length. Powers of two take n log n steps, other lengths n^2.
class Fourier {
public:
    /// @param length  at least 1    @param is_inverse  the inverse transform, which divides by the length
    Fourier(std::int64_t length, bool is_inverse);

    /// Transforms the line in place. @pre it has `length` elements
    void run(std::vector<std::complex<double>>& line) const;

private:
    void run_powers_of_two(std::vector<std::complex<double>>& line) const;

    bool is_inverse_;
    std::vector<std::complex<double>> roots_;  ///< exp(-2 pi i k / length), conjugated for the inverse
};

}  // namespace halftone::ref
