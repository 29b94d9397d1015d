#pragma once
// The walk over an image in tiles of kTilePixels outputs, whatever instruction set computes a tile.

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/depthwise.hpp"

namespace halftone::native {

constexpr int kOutputs = kTilePixels;  ///< their sums fill half of the registers

template <int Kernel, int Stride>
struct Tile {
    static constexpr int kGroups = (Kernel + 3) / 4;
    static constexpr int kColumns = columns_at_once(Kernel, Stride);
    static constexpr int kRows = kOutputs / kColumns;
    static constexpr int kInputRows = (kRows - 1) * Stride + Kernel;
    static constexpr int kInputColumns = 4 * kGroups;
    static constexpr int kPixels = kInputRows * kInputColumns;
};

template <class T>
using InputRows = std::array<const std::uint8_t*, static_cast<std::size_t>(T::kInputRows)>;

/// Input pixels of a tile inside the image: rows, and the step from one pixel to the next.
template <class T>
struct InsideTile {
    const InputRows<T>& rows;
    std::int64_t offset, step;
    [[nodiscard]] __attribute__((always_inline)) const std::uint8_t* pixel(int row, int column) const {
        return rows[row] + offset + column * step;
    }
};

/// Input pixels of a tile at the border, one by one.
template <class T>
struct BorderTile {
    std::array<const std::uint8_t*, static_cast<std::size_t>(T::kPixels)> pixels;
    [[nodiscard]] __attribute__((always_inline)) const std::uint8_t* pixel(int row, int column) const {
        return pixels[row * T::kInputColumns + column];
    }
};

/// Everything of a call that its tiles share.
struct Call {
    const PackedDepthwise& packed;
    const ChannelBlock& block;
    const std::uint8_t* x;  ///< the image
    std::uint8_t* y;
    std::int64_t first_row;  ///< of the output
};

/// The input rows below a row of tiles, at column 0; null for padding.
template <class T, int Stride>
InputRows<T> input_rows(const Call& call) {
    const DepthwiseShape& shape = call.packed.shape;
    InputRows<T> rows;
    std::int64_t row = call.first_row * Stride - shape.pad_top;
    for (const std::uint8_t*& pointer : rows) {
        const bool is_row = row >= 0 && row < shape.height;
        pointer = is_row ? call.x + row * shape.width * shape.channels + call.block.first : nullptr;
        ++row;
    }
    return rows;
}

template <class T>
BorderTile<T> border_tile(const Call& call, const InputRows<T>& rows, std::int64_t left) {
    const DepthwiseShape& shape = call.packed.shape;
    BorderTile<T> tile;
    std::size_t next = 0;
    for (const std::uint8_t* row : rows) {
        for (std::int64_t column = left; column < left + T::kInputColumns; ++column) {
            const bool is_pixel = row != nullptr && column >= 0 && column < shape.width;
            tile.pixels[next++] = is_pixel ? row + column * shape.channels : call.packed.padding.data();
        }
    }
    return tile;
}

using TileOutputs = std::array<std::uint8_t*, static_cast<std::size_t>(kOutputs)>;

/// Channel 0 of the block in each output pixel of a tile; `sink`, which nobody reads, for those beyond the border.
template <class T>
TileOutputs tile_outputs(const Call& call, std::int64_t column, std::uint8_t* sink) {
    const DepthwiseShape& shape = call.packed.shape;
    TileOutputs outputs;
    std::size_t next = 0;
    for (std::int64_t r = call.first_row; r < call.first_row + T::kRows; ++r) {
        for (std::int64_t c = column; c < column + T::kColumns; ++c) {
            std::uint8_t* y = call.y + (r * shape.out_width + c) * shape.channels + call.block.first;
            outputs[next++] = r < shape.out_height && c < shape.out_width ? y : sink;
        }
    }
    return outputs;
}

/// Calls compute(pixels, outputs) for each tile of a row of tiles. Most tiles lie inside the image; only those at its
/// border pay for a pointer to each pixel. Always inline, because the caller is compiled for an instruction set.
template <class T, int Stride, class Compute>
HALFTONE_INLINE void for_tiles(const Call& call, std::uint8_t* sink, const Compute& compute) {
    const DepthwiseShape& shape = call.packed.shape;
    const InputRows<T> rows = input_rows<T, Stride>(call);
    const bool has_rows = std::find(rows.begin(), rows.end(), nullptr) == rows.end();
    for (std::int64_t column = 0; column < shape.out_width; column += T::kColumns) {
        const TileOutputs outputs = tile_outputs<T>(call, column, sink);
        const std::int64_t left = column * Stride - shape.pad_left;
        if (has_rows && left >= 0 && left + T::kInputColumns <= shape.width) {
            compute(InsideTile<T>{rows, left * shape.channels, shape.channels}, outputs);
        } else {
            compute(border_tile<T>(call, rows, left), outputs);
        }
    }
}

/// Rows of tiles by OpenMP's threads. `band` computes one for one block: see run_window().
template <int Kernel, int Stride, class Band>
void run_bands(const PackedDepthwise& packed, const std::uint8_t* x, std::uint8_t* y, Band band) {
    using T = Tile<Kernel, Stride>;
    const DepthwiseShape& shape = packed.shape;
    const std::int64_t bands = (shape.out_height + T::kRows - 1) / T::kRows;
    const std::int64_t input = shape.height * shape.width * shape.channels;
    const std::int64_t output = shape.out_height * shape.out_width * shape.channels;
#pragma omp parallel
    {
        std::array<std::uint8_t, 64> sink{};
#pragma omp for schedule(static)
        for (std::int64_t b = 0; b < shape.batch * bands; ++b) {
            const std::int64_t image = b / bands;
            for (const ChannelBlock& block : packed.blocks) {
                const Call call{packed, block, x + image * input, y + image * output, b % bands * T::kRows};
                band(std::integral_constant<int, Kernel>(), std::integral_constant<int, Stride>(), call, sink.data());
            }
        }
    }
}

/// Calls band(kernel, stride, call, sink) with the window as integral constants, for every row of tiles and block.
template <class Band>
void run_window(const PackedDepthwise& packed, const std::uint8_t* x, std::uint8_t* y, Band band) {
    if (packed.shape.stride == 2) return run_bands<3, 2>(packed, x, y, band);
    switch (packed.shape.kernel) {
        case 3:
            return run_bands<3, 1>(packed, x, y, band);
        case 5:
            return run_bands<5, 1>(packed, x, y, band);
        default:
            return run_bands<7, 1>(packed, x, y, band);
    }
}

}  // namespace halftone::native
