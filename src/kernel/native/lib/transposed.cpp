// ConvTranspose. A scatter, in which each input pixel adds its taps to the output, would have threads write to one
// place. So every output pixel gathers instead, and each block of rows has two parts:
//
//   multiply_block   pixels of the input rows x packed weights: the products of every pixel by every tap and output
//   gather_block     for each output pixel: bias + the products that reach it, then the epilogue
//
// A block is as many rows as keep the products in the second-level cache; rows at the border of two blocks are
// multiplied in both. Depthwise steps have no products to share and multiply while they gather. Where the kernel is as
// large as the stride (the way up of a U-Net), the pixels' tiles lie side by side: run_tiling writes products to their
// place at once.
//
//   reaching_taps, cut_into_blocks, pack_weights   made once, in pack_transposed
#include "kernel/native/lib/transposed.hpp"

#include <algorithm>

#include "kernel/codes/targets.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::native {
namespace {

constexpr std::int64_t kBlockFloats = 1 << 18;  // 1 MB of products

ReachingTaps reaching_taps(const ref::TransposedWindow& w, std::size_t d) {
    ReachingTaps taps;
    for (std::int64_t o = 0; o < w.output[d]; ++o) {
        taps.starts.push_back(taps.pairs.size());
        for (std::int64_t k = 0; k < w.kernel[d]; ++k) {
            // An input pixel at i paints i * stride + k * dilation - pad.
            const std::int64_t painted = o + w.pads[d] - k * w.dilations[d];
            if (painted >= 0 && painted % w.strides[d] == 0 && painted / w.strides[d] < w.input[d])
                taps.pairs.push_back({k, painted / w.strides[d]});
        }
    }
    taps.starts.push_back(taps.pairs.size());
    return taps;
}

/// Where a dimension is not there: one position, reached by one tap.
ReachingTaps single_tap() { return {.starts = {0, 1}, .pairs = {{0, 0}}}; }

std::vector<TransposedBlock> cut_into_blocks(const Transposed& t) {
    const std::int64_t row_floats = std::max<std::int64_t>(t.in_columns * t.product_columns, 1);
    // A row may be larger than a block; then a block holds what one output row reads.
    const std::int64_t most_rows = std::max<std::int64_t>(kBlockFloats / row_floats, 1);
    std::vector<TransposedBlock> blocks;
    for (std::int64_t o = 0; o < t.out_rows; ++o) {
        // An output row that no tap reaches needs no input; it joins whatever block is open.
        std::int64_t low = t.in_rows;
        std::int64_t high = 0;
        for (std::size_t p = t.rows.starts[static_cast<std::size_t>(o)];
             p < t.rows.starts[static_cast<std::size_t>(o) + 1]; ++p) {
            low = std::min(low, t.rows.pairs[p].input);
            high = std::max(high, t.rows.pairs[p].input + 1);
        }
        if (!blocks.empty()) {
            TransposedBlock& open = blocks.back();
            const std::int64_t first = std::min(open.first_input, low);
            const std::int64_t last = std::max(open.last_input, high);
            if (last - first <= most_rows) {
                open = {open.first_output, o + 1, first, last};
                continue;
            }
        }
        blocks.push_back({o, o + 1, low, high});
    }
    return blocks;
}

void pack_weights(Transposed& t, const float* w, std::int64_t taps) {
    const std::int64_t outputs = t.out_channels / t.groups;
    const std::int64_t inputs = t.in_channels / t.groups;
    if (t.is_depthwise) {
        t.depthwise.resize(static_cast<std::size_t>(taps * t.in_channels));
        for (std::int64_t c = 0; c < t.in_channels; ++c) {
            for (std::int64_t k = 0; k < taps; ++k)
                t.depthwise[static_cast<std::size_t>(k * t.in_channels + c)] = w[c * taps + k];
        }
        return;
    }
    const std::int64_t panels = (taps * outputs + kPanel - 1) / kPanel;
    std::vector<float> turned(static_cast<std::size_t>(inputs * panels * kPanel));
    for (std::int64_t g = 0; g < t.groups; ++g) {
        // [input, output, tap] becomes [input, tap, output], so that a tap's products for all outputs lie side by side.
        for (std::int64_t i = 0; i < inputs; ++i) {
            for (std::int64_t o = 0; o < outputs; ++o) {
                for (std::int64_t k = 0; k < taps; ++k) {
                    turned[static_cast<std::size_t>(i * panels * kPanel + k * outputs + o)] =
                        w[((g * inputs + i) * outputs + o) * taps + k];
                }
            }
        }
        PackedMatrix matrix = packed_matrix(inputs, panels);
        for (std::int64_t p = 0; p < panels; ++p)
            pack_panel(matrix, p, turned.data() + p * kPanel, panels * kPanel, 1, kPanel);
        t.weights.push_back(std::move(matrix));
    }
    t.product_columns = t.groups * panels * kPanel;
}

void multiply_block(const Transposed& t, const TransposedBlock& block, const float* x, float* products) {
    if (block.first_input >= block.last_input) return;
    const std::int64_t columns = t.product_columns / t.groups;
    for (std::int64_t g = 0; g < t.groups; ++g) {
        multiply_all({.a = x + block.first_input * t.in_columns * t.in_channels + g * (t.in_channels / t.groups),
                      .a_step = t.in_channels,
                      .rows = (block.last_input - block.first_input) * t.in_columns,
                      .b = t.weights[static_cast<std::size_t>(g)].view(),
                      .start = nullptr,
                      .start_step = 0,
                      .y = products + g * columns,
                      .y_step = t.product_columns,
                      .columns = 0});
    }
}

/// True if each output pixel is one tap of one input pixel, and the taps of a row fill whole panels.
bool lie_side_by_side(const ref::TransposedWindow& w, const Transposed& t) {
    for (const std::size_t d : {std::size_t{1}, std::size_t{2}}) {
        const bool is_exact = w.kernel[d] == w.strides[d] && (w.kernel[d] == 1 || w.dilations[d] == 1) &&
                              w.pads[d] == 0 && w.output[d] == w.input[d] * w.kernel[d];
        if (!is_exact) return false;
    }
    // A product of fewer pixels than a tile has rows is slower than gathering.
    constexpr std::int64_t kLeastColumns = 6;
    return w.rank == 2 && w.groups == 1 && !t.is_depthwise && t.in_columns >= kLeastColumns &&
           t.column_taps * t.out_channels % kPanel == 0;
}

/// A product for each input row and each row of taps. Along an output row lie the pixels, in a pixel its taps and in a
/// tap its outputs: that is the order of a row of products.
void run_tiling(const Transposed& t, const float* x, float* y) {
    const std::int64_t row_taps = t.out_rows / t.in_rows;
    const std::int64_t floats = t.out_columns * t.out_channels;
    PackedPanels weights = t.weights[0].view();
    weights.panels = t.column_taps * t.out_channels / kPanel;
    const std::int64_t tap_floats = weights.panels * weights.inner * kPanel;
#pragma omp parallel for schedule(static) if (t.out_rows > 1)
    for (std::int64_t row = 0; row < t.out_rows; ++row) {
        ProductCall call{.a = x + row / row_taps * t.in_columns * t.in_channels,
                         .a_step = t.in_channels,
                         .rows = t.in_columns,
                         .b = weights,
                         .start = t.tile_bias.data(),
                         .start_step = 0,
                         .y = y + row * floats,
                         .y_step = t.column_taps * t.out_channels,
                         .columns = 0};
        call.b.values += row % row_taps * tap_floats;
        multiply_panels(call, 0, call.b.panels);
        t.epilogue.apply(call.y, floats);
    }
}

/// y = before + products of one pixel by one tap, where `before` is the bias or y itself.
HALFTONE_INLINE void add_products(const Transposed& t, const float* products, std::int64_t tap, const float* before,
                                  float* y) {
    const std::int64_t outputs = t.out_channels / t.groups;
    const std::int64_t columns = t.product_columns / t.groups;
    for (std::int64_t g = 0; g < t.groups; ++g) {
        const float* from = products + g * columns + tap * outputs;
        const float* old = before + g * outputs;
        float* to = y + g * outputs;
#pragma GCC ivdep
        for (std::int64_t c = 0; c < outputs; ++c) to[c] = old[c] + from[c];
    }
}

HALFTONE_INLINE void multiply_channels(const Transposed& t, const float* x, std::int64_t tap, const float* before,
                                       float* y) {
    const float* w = t.depthwise.data() + tap * t.in_channels;
#pragma GCC ivdep
    for (std::int64_t c = 0; c < t.in_channels; ++c) y[c] = before[c] + x[c] * w[c];
}

/// One output row, before the epilogue. `source` is the products of the block, or the input of a depthwise step; its
/// first row is input row `first_input`.
HALFTONE_INLINE void gather_row(const Transposed& t, const float* source, std::int64_t first_input, std::int64_t row,
                                float* y) {
    const std::int64_t step = t.is_depthwise ? t.in_channels : t.product_columns;
    for (std::int64_t column = 0; column < t.out_columns; ++column, y += t.out_channels) {
        // The first tap adds to the bias and writes. With strides as large as the kernel it is the only one.
        const float* before = t.bias.data();
        for (std::size_t r = t.rows.starts[static_cast<std::size_t>(row)];
             r < t.rows.starts[static_cast<std::size_t>(row) + 1]; ++r) {
            const ReachingTaps::Pair& vertical = t.rows.pairs[r];
            const float* line = source + (vertical.input - first_input) * t.in_columns * step;
            for (std::size_t c = t.columns.starts[static_cast<std::size_t>(column)];
                 c < t.columns.starts[static_cast<std::size_t>(column) + 1]; ++c) {
                const ReachingTaps::Pair& horizontal = t.columns.pairs[c];
                const float* pixel = line + horizontal.input * step;
                const std::int64_t tap = vertical.tap * t.column_taps + horizontal.tap;
                if (t.is_depthwise)
                    multiply_channels(t, pixel, tap, before, y);
                else
                    add_products(t, pixel, tap, before, y);
                before = y;
            }
        }
        // A stride larger than the kernel leaves pixels that no tap reaches: they are the bias alone.
        if (before != y) std::copy(t.bias.begin(), t.bias.end(), y);
    }
}

using GatherRow = void (*)(const Transposed&, const float*, std::int64_t, std::int64_t, float*);

void gather_row_base(const Transposed& t, const float* source, std::int64_t first_input, std::int64_t row, float* y) {
    gather_row(t, source, first_input, row, y);
}

#ifdef __x86_64__
HALFTONE_AVX2 void gather_row_avx2(const Transposed& t, const float* source, std::int64_t first_input, std::int64_t row,
                                   float* y) {
    gather_row(t, source, first_input, row, y);
}
#endif

GatherRow gather_loop() {
#ifdef __x86_64__
    if (has_avx2()) return gather_row_avx2;
#endif
    return gather_row_base;
}

void gather_block(const Transposed& t, const TransposedBlock& block, const float* source, float* y) {
    const GatherRow gather = gather_loop();
    const std::int64_t floats = t.out_columns * t.out_channels;
    const std::int64_t first_input = t.is_depthwise ? 0 : block.first_input;
    constexpr std::int64_t kLeastFloats = 4096;  // less is not worth a second thread
    const bool is_large = (block.last_output - block.first_output) * floats >= kLeastFloats;
#pragma omp parallel for schedule(static) if (is_large)
    for (std::int64_t row = block.first_output; row < block.last_output; ++row) {
        gather(t, source, first_input, row, y + row * floats);
        t.epilogue.apply(y + row * floats, floats);
    }
}

}  // namespace

std::int64_t Transposed::scratch() const {
    std::int64_t rows_at_once = 0;
    for (const TransposedBlock& block : blocks)
        rows_at_once = std::max(rows_at_once, block.last_input - block.first_input);
    return rows_at_once * in_columns * product_columns;
}

Transposed pack_transposed(const ref::TransposedWindow& window, std::int64_t batch, const Tensor& weights,
                           const Tensor& bias, const RowEpilogue& epilogue) {
    Transposed t;
    t.batch = batch;
    t.groups = window.groups;
    t.in_channels = weights.shape()[0];
    t.out_channels = window.groups * window.group_outputs;
    t.epilogue = epilogue;
    // Of [depth, height, width] an image has the last two. The only dimension of a sequence stands last; it becomes
    // rows.
    const std::size_t vertical = window.rank == 1 ? 2 : 1;
    t.in_rows = window.input[vertical];
    t.out_rows = window.output[vertical];
    t.rows = reaching_taps(window, vertical);
    t.columns = single_tap();
    if (window.rank == 2) {
        t.in_columns = window.input[2];
        t.out_columns = window.output[2];
        t.column_taps = window.kernel[2];
        t.columns = reaching_taps(window, 2);
    }
    // One input and one output for each group: the products of a pixel are as many as its taps, too few for a matrix.
    t.is_depthwise = t.groups == t.in_channels && window.group_outputs == 1;
    t.bias.assign(static_cast<std::size_t>(t.out_channels), 0.0F);
    if (!bias.is_empty()) std::copy_n(bias.as<float>().begin(), t.out_channels, t.bias.begin());
    pack_weights(t, weights.as<float>().data(), window.kernel[1] * window.kernel[2]);
    t.is_tiling = lie_side_by_side(window, t);
    if (!t.is_tiling) {
        t.blocks = cut_into_blocks(t);
        return t;
    }
    for (std::int64_t tap = 0; tap < t.column_taps; ++tap)
        t.tile_bias.insert(t.tile_bias.end(), t.bias.begin(), t.bias.end());
    return t;
}

void run_transposed(const Transposed& t, const float* x, float* y, float* scratch) {
    for (std::int64_t n = 0; n < t.batch; ++n) {
        if (t.is_tiling) run_tiling(t, x, y);
        for (const TransposedBlock& block : t.blocks) {
            if (!t.is_depthwise) multiply_block(t, block, x, scratch);
            gather_block(t, block, t.is_depthwise ? x : scratch, y);
        }
        x += t.in_rows * t.in_columns * t.in_channels;
        y += t.out_rows * t.out_columns * t.out_channels;
    }
}

}  // namespace halftone::native
