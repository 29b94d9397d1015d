#pragma once
// ConvTranspose in fp32 over one or two dimensions, channels-last: products of the input's pixels by all taps, which
// are then gathered for each output pixel.

#include "kernel/native/lib/gemm.hpp"
#include "kernel/native/lib/row_functions.hpp"
#include "kernel/shape/transposed_window.hpp"

namespace halftone::native {

/// For each output position along one dimension the taps that reach it, with the input position that each comes from.
struct ReachingTaps {
    struct Pair {
        std::int64_t tap;
        std::int64_t input;
    };
    std::vector<std::size_t> starts;  ///< of the pairs of each position; one more at the end
    std::vector<Pair> pairs;
};

/// Output rows that are computed together, and the input rows that they need.
struct TransposedBlock {
    std::int64_t first_output, last_output, first_input, last_input;
};

/// A packed step. One dimension is seen as rows of one pixel, so that it is cut into blocks as an image is.
struct Transposed {
    std::int64_t batch = 1;
    std::int64_t in_rows = 1, in_columns = 1, in_channels = 1;
    std::int64_t out_rows = 1, out_columns = 1, out_channels = 1;
    std::int64_t groups = 1;
    std::int64_t column_taps = 1;
    std::int64_t product_columns = 0;   ///< of all groups together: floats that a pixel's products take
    bool is_depthwise = false;          ///< each channel by itself: no products are stored
    bool is_tiling = false;             ///< no two pixels paint the same place: products are the output itself
    std::vector<PackedMatrix> weights;  ///< of each group: [channels of the group, taps * outputs of the group]
    std::vector<float> depthwise;       ///< [taps, channels]
    std::vector<float> bias;            ///< of each output channel; zeros if there is none
    std::vector<float> tile_bias;       ///< of a tiling step: the bias of every tap of a row
    ReachingTaps rows, columns;
    std::vector<TransposedBlock> blocks;  ///< none for a tiling step
    RowEpilogue epilogue{};

    /// Floats of scratch memory that run_transposed() needs.
    [[nodiscard]] std::int64_t scratch() const;
};

/// `weights` [input channels, outputs of a group, taps…] and `bias` (empty: none) as the file has them.
/// @pre one or two spatial dimensions
[[nodiscard]] Transposed pack_transposed(const ref::TransposedWindow& window, std::int64_t batch, const Tensor& weights,
                                         const Tensor& bias, const RowEpilogue& epilogue);
/// `x` and `y` are channels-last.
void run_transposed(const Transposed& t, const float* x, float* y, float* scratch);

}  // namespace halftone::native
