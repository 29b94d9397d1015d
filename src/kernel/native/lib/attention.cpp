// Attention by blocks of rows. A thread takes neighbouring blocks; for each head that it comes to it packs keys and
// values once, and the scores of a block stay in the second-level cache until the values are summed up with them.
//
//   weigh_scores       scores of some rows to their softmax, with scale and mask; compiled for each instruction set
//   AttentionSlot      the scratch memory of one thread: packed keys and values of a head, scores of a block
//   run_attention      the cut into blocks; every row is computed by one thread in one order, so threads change no bit
#include "kernel/native/lib/attention.hpp"

#include <algorithm>

#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/gemm.hpp"
#include "kernel/native/lib/row_powers.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::native {
namespace {

using ref::AttentionHead;
using ref::AttentionSizes;
using ref::RowSteps;

constexpr std::int64_t kAttentionRows = 48;  ///< whole tiles of 6 and of 12 rows

std::int64_t panels_of(std::int64_t columns) { return (columns + kPanel - 1) / kPanel; }

/// Scores of `rows` rows, each of `n` scores, `step` apart.
struct ScoreRows {
    float* scores = nullptr;
    std::int64_t rows = 0, n = 0, step = 0;
    float scale = 1.0F;
    const float* mask = nullptr;  ///< of the first row
    RowSteps mask_steps{};
};

template <class Rows>
HALFTONE_INLINE void weigh_scores(const ScoreRows& given) {
    const ScoreRows s = given;  // a local copy, which no store to the scores can change
    for (std::int64_t row = 0; row < s.rows; ++row) {
        float* const x = s.scores + row * s.step;
        const float* const mask = s.mask == nullptr ? nullptr : s.mask + row * s.mask_steps.row;
        if (mask != nullptr && s.mask_steps.column == 1) {
#pragma GCC ivdep
            for (std::int64_t i = 0; i < s.n; ++i) x[i] = multiply_add<Rows::kIsFused>(x[i], s.scale, mask[i]);
        } else {
            // A mask of one number for the whole row, or none.
            const float shift = mask == nullptr ? 0.0F : mask[0];
            for (std::int64_t i = 0; i < s.n; ++i) x[i] = multiply_add<Rows::kIsFused>(x[i], s.scale, shift);
        }
        const float factor = 1.0F / Rows::template sum_of_powers<true>(x, s.n, Rows::largest_of(x, s.n), x);
        for (std::int64_t i = 0; i < s.n; ++i) x[i] *= factor;
    }
}

using ScoreLoop = void (*)(const ScoreRows&);

void weigh_scores_base(const ScoreRows& s) { weigh_scores<RowLoops<false>>(s); }

#ifdef __x86_64__
HALFTONE_FMA void weigh_scores_avx2(const ScoreRows& s) { weigh_scores<RowLoops<true>>(s); }
HALFTONE_AVX512_FMA void weigh_scores_avx512(const ScoreRows& s) { weigh_scores<RowRegisters>(s); }
#endif

ScoreLoop score_loop() {
#ifdef __x86_64__
    if (has_avx512()) return weigh_scores_avx512;
    if (has_avx2()) return weigh_scores_avx2;
#endif
    return weigh_scores_base;
}

class AttentionSlot {
public:
    AttentionSlot(const AttentionSizes& s, const AttentionBuffers& buffers, float* memory)
        : s_(s), buffers_(buffers), keys_(memory), values_(keys_ + key_floats(s)), scores_(values_ + value_floats(s)) {}

    static std::int64_t floats(const AttentionSizes& s) { return key_floats(s) + value_floats(s) + score_floats(s); }

    void pack(const AttentionHead& head) const {
        for (std::int64_t p = 0; p < panels_of(s_.keys); ++p) {
            pack_panel(keys_ + p * s_.inner * kPanel, s_.inner, buffers_.k + head.k + p * kPanel * s_.k.row,
                       s_.k.column, s_.k.row, std::min(kPanel, s_.keys - p * kPanel));
        }
        for (std::int64_t p = 0; p < panels_of(s_.width); ++p) {
            pack_panel(values_ + p * s_.keys * kPanel, s_.keys, buffers_.v + head.v + p * kPanel, s_.v.row, 1,
                       std::min(kPanel, s_.width - p * kPanel));
        }
    }

    void run(const AttentionHead& head, std::int64_t row, ScoreLoop weigh) const {
        const std::int64_t rows = std::min(kAttentionRows, s_.rows - row);
        const std::int64_t step = panels_of(s_.keys) * kPanel;
        multiply_panels({.a = buffers_.q + head.q + row * s_.q.row,
                         .a_step = s_.q.row,
                         .rows = rows,
                         .b = {s_.inner, panels_of(s_.keys), keys_},
                         .y = scores_,
                         .y_step = step,
                         .columns = 0},
                        0, panels_of(s_.keys));
        weigh({.scores = scores_,
               .rows = rows,
               .n = s_.keys,
               .step = step,
               .scale = s_.scale,
               .mask = buffers_.mask == nullptr ? nullptr : buffers_.mask + head.mask + row * s_.mask.row,
               .mask_steps = s_.mask});
        multiply_panels({.a = scores_,
                         .a_step = step,
                         .rows = rows,
                         .b = {s_.keys, panels_of(s_.width), values_},
                         .y = buffers_.y + head.y + row * s_.y.row,
                         .y_step = s_.y.row,
                         .columns = s_.width},
                        0, panels_of(s_.width));
    }

private:
    static std::int64_t key_floats(const AttentionSizes& s) { return panels_of(s.keys) * s.inner * kPanel; }
    static std::int64_t value_floats(const AttentionSizes& s) { return panels_of(s.width) * s.keys * kPanel; }
    static std::int64_t score_floats(const AttentionSizes& s) { return kAttentionRows * panels_of(s.keys) * kPanel; }

    const AttentionSizes& s_;
    const AttentionBuffers& buffers_;
    float *keys_, *values_, *scores_;
};

}  // namespace

std::int64_t attention_scratch(const AttentionSizes& sizes, std::int64_t slots) {
    return slots * AttentionSlot::floats(sizes);
}

void run_attention(const AttentionSizes& sizes, const AttentionBuffers& buffers, std::int64_t slots, float* scratch) {
    const std::int64_t blocks = (sizes.rows + kAttentionRows - 1) / kAttentionRows;
    const std::int64_t all = static_cast<std::int64_t>(sizes.heads.size()) * blocks;
    const ScoreLoop weigh = score_loop();
#pragma omp parallel for schedule(static) if (slots > 1)
    for (std::int64_t slot = 0; slot < slots; ++slot) {
        const AttentionSlot here(sizes, buffers, scratch + slot * AttentionSlot::floats(sizes));
        std::int64_t packed = -1;
        for (std::int64_t i = slot * all / slots; i < (slot + 1) * all / slots; ++i) {
            const AttentionHead& head = sizes.heads[static_cast<std::size_t>(i / blocks)];
            if (packed != i / blocks) here.pack(head);
            packed = i / blocks;
            here.run(head, i % blocks * kAttentionRows, weigh);
        }
    }
}

}  // namespace halftone::native
