// LSTM, GRU and RNN as products: one for all times at once (W x), and one for each time (R h), whose result the cells
// turn into the new state.
//
//   recurrent_weights.hpp        sizes, kinds and packed weights
//   Scratch                      where sums and states lie in the step's scratch memory
//   CellLoop                     one direction of neighbouring samples: begin(), advance() for each time, finish()
//   RecurrentStep::execute       the products over the inputs, then all loops: directions and samples run on threads of
//                                their own; a single loop with very much work is cut by hidden units, with a barrier
//                                after each time
//
// A sum is added up in one order however the work is cut, so threads change no bit.
#include "kernel/native/lib/recurrent.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.hpp"
#include "base/error.hpp"
#include "kernel/native/lib/recurrent_cells.hpp"
#include "kernel/native/lib/recurrent_weights.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/threads.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::native {
namespace {

/// Scratch memory of one direction. All vectors of states have whole blocks, the units behind `hidden` being zero.
struct Scratch {
    float* gates;  ///< W x + bias for all samples and times, in X's order
    float* sums;   ///< R h, for each sample
    float* last_sums;
    std::array<float*, 2> states;  ///< of this time and the next, in turn
    float* cell;
    float* kept;
    float* update;

    static std::int64_t floats(const RecurrentSizes& s) {
        return s.steps * s.batch * s.columns() + s.batch * (s.columns() + 6 * s.padded());
    }
    Scratch(const RecurrentSizes& s, float* memory) {
        const std::int64_t vectors = s.batch * s.padded();
        // One piece of scratch memory is cut into vectors here; floats() above counts the same pieces.
        const auto take = [&memory](std::int64_t count) {
            float* const taken = memory;
            memory += count;
            return taken;
        };
        gates = take(s.steps * s.batch * s.columns());
        sums = take(s.batch * s.columns());
        last_sums = take(vectors);
        states = {take(vectors), take(vectors)};
        cell = take(vectors);
        kept = take(vectors);
        update = take(vectors);
    }
};

struct RecurrentBuffers {
    const float* x = nullptr;
    const std::int32_t* lengths = nullptr;  ///< null: all samples are as long as X
    const float* initial_state = nullptr;   ///< null: zeros
    const float* initial_cell = nullptr;
    float* y = nullptr;  ///< this and the two below: null if nobody asks for it
    float* last_state = nullptr;
    float* last_cell = nullptr;
};

/// One direction of the samples from `first` to `last`, which have the same length.
class CellLoop {
public:
    CellLoop(const RecurrentSizes& s, CellKind kind, const RecurrentDirection& weights, const Scratch& scratch,
             const RecurrentBuffers& buffers, std::int64_t direction, std::int64_t first, std::int64_t last)
        : s_(s),
          weights_(weights),
          scratch_(scratch),
          buffers_(buffers),
          direction_(direction),
          first_(first),
          last_(last),
          length_(buffers.lengths == nullptr ? s.steps : buffers.lengths[first]),
          is_reverse_(direction == 1 || s.is_reverse),
          halves_(kind == CellKind::gru ? 2 : 1),
          step_(kind == CellKind::gru ? gru_first_half() : cell_step(kind)),
          second_(gru_second_half()) {}

    [[nodiscard]] std::int64_t length() const { return length_; }
    /// Parts of a time between which every unit must be complete.
    [[nodiscard]] int halves() const { return halves_; }

    void begin() const {
        for (std::int64_t n = first_; n < last_; ++n) {
            load(buffers_.initial_state, n, scratch_.states[0]);
            load(buffers_.initial_cell, n, scratch_.cell);
        }
    }

    /// One half of time number `i` for the blocks of units from `left` to `right`.
    void advance(std::int64_t i, int half, std::int64_t left, std::int64_t right) const {
        const bool is_second = half == 1;
        const PackedMatrix& matrix = is_second ? weights_.last_gate : weights_.recurrent;
        const std::int64_t gates = matrix.panels / s_.blocks();
        const std::int64_t columns = matrix.columns();
        const float* old_states = scratch_.states[static_cast<std::size_t>(i % 2)];
        float* const sums = is_second ? scratch_.last_sums : scratch_.sums;
        const float* bias = weights_.recurrent_bias.empty() || is_second ? nullptr : weights_.recurrent_bias.data();
        multiply_panels({.a = (is_second ? scratch_.kept : old_states) + first_ * s_.padded(),
                         .a_step = s_.padded(),
                         .rows = last_ - first_,
                         .b = matrix.view(),
                         .start = bias,
                         .start_step = 0,
                         .y = sums + first_ * columns,
                         .y_step = columns,
                         .columns = 0},
                        left * gates, right * gates);
        // A reversed sequence begins at its own last time and not at the padding behind it.
        const std::int64_t t = is_reverse_ ? length_ - 1 - i : i;
        for (std::int64_t n = first_; n < last_; ++n) {
            const float* input = scratch_.gates + s_.row(t, n) * s_.columns();
            for (std::int64_t block = left; block < right; ++block) {
                (is_second ? second_
                           : step_)(block_of(n, block, input, sums + n * columns + block * gates * kPanel, i));
            }
            if (half + 1 == halves_) store_output(t, n, i, left, right);
        }
    }

    void finish() const {
        for (std::int64_t n = first_; n < last_; ++n) {
            const float* state = scratch_.states[static_cast<std::size_t>(length_ % 2)] + n * s_.padded();
            store(state, n, buffers_.last_state);
            store(scratch_.cell + n * s_.padded(), n, buffers_.last_cell);
            // Behind its own length a sample's outputs are zero.
            for (std::int64_t t = length_; t < s_.steps && buffers_.y != nullptr; ++t) {
                std::fill_n(buffers_.y + s_.output(t, direction_, n), s_.hidden, 0.0F);
            }
        }
    }

private:
    [[nodiscard]] CellBlock block_of(std::int64_t n, std::int64_t block, const float* input, const float* sums,
                                     std::int64_t i) const {
        const std::int64_t place = n * s_.padded() + block * kPanel;
        return {.input = input + block * s_.gates * kPanel,
                .recurrent = sums,
                .old_state = scratch_.states[static_cast<std::size_t>(i % 2)] + place,
                .cell = scratch_.cell + place,
                .new_state = scratch_.states[static_cast<std::size_t>((i + 1) % 2)] + place,
                .kept = scratch_.kept + place,
                .update = scratch_.update + place};
    }

    void store_output(std::int64_t t, std::int64_t n, std::int64_t i, std::int64_t left, std::int64_t right) const {
        if (buffers_.y == nullptr) return;
        const float* state = scratch_.states[static_cast<std::size_t>((i + 1) % 2)] + n * s_.padded();
        const std::int64_t end = std::min(right * kPanel, s_.hidden);
        std::copy(state + left * kPanel, state + end, buffers_.y + s_.output(t, direction_, n) + left * kPanel);
    }

    /// A sample's initial vector, zeros where there is none, and zeros behind its last unit.
    void load(const float* initial, std::int64_t n, float* vectors) const {
        float* const to = vectors + n * s_.padded();
        std::fill_n(to, s_.padded(), 0.0F);
        if (initial != nullptr) std::copy_n(initial + s_.state(direction_, n), s_.hidden, to);
    }

    void store(const float* vector, std::int64_t n, float* last) const {
        if (last != nullptr) std::copy_n(vector, s_.hidden, last + s_.state(direction_, n));
    }

    const RecurrentSizes& s_;
    const RecurrentDirection& weights_;
    const Scratch& scratch_;
    const RecurrentBuffers& buffers_;
    std::int64_t direction_, first_, last_, length_;
    bool is_reverse_;
    int halves_;
    CellStep step_, second_;
};

/// A loop by all threads, each with its own units.
void run_by_units(const CellLoop& loop, std::int64_t blocks) {
    loop.begin();
    // The team may be smaller than what was asked for, so its threads count themselves.
    std::int64_t threads = 0;
#pragma omp parallel
    {
        std::int64_t thread = 0;
#pragma omp atomic capture
        thread = threads++;
#pragma omp barrier
        const std::int64_t left = thread * blocks / threads;
        const std::int64_t right = (thread + 1) * blocks / threads;
        for (std::int64_t i = 0; i < loop.length(); ++i) {
            for (int half = 0; half < loop.halves(); ++half) {
                loop.advance(i, half, left, right);
#pragma omp barrier
            }
        }
    }
    loop.finish();
}

/// A loop by the calling thread.
void run_alone(const CellLoop& loop, std::int64_t blocks) {
    loop.begin();
    for (std::int64_t i = 0; i < loop.length(); ++i) {
        for (int half = 0; half < loop.halves(); ++half) loop.advance(i, half, 0, blocks);
    }
    loop.finish();
}

class RecurrentStep final : public Primitive {
public:
    RecurrentStep(const KernelRequest& request, std::int64_t gates)
        : context_(request, ref::SeenAs::stored),
          s_(recurrent_sizes(request, gates)),
          kind_(kind_of(*request.node)),
          implementation_(std::string("native_recurrent:") + product_instructions()) {
        for (const OperandEncoding& port : request.inputs) inputs_.emplace_back(port.type);
        for (const OperandEncoding& port : request.outputs) outputs_.emplace_back(port.type);
        for (std::int64_t d = 0; d < s_.directions; ++d) directions_.push_back(pack_direction(request, s_, kind_, d));
    }

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return inputs_.at(i); }
    [[nodiscard]] const Layout& output_layout(std::size_t i) const override { return outputs_.at(i); }
    [[nodiscard]] std::string implementation() const override { return implementation_; }
    [[nodiscard]] std::size_t scratch_bytes() const override {
        return static_cast<std::size_t>(s_.directions * Scratch::floats(s_)) * sizeof(float);
    }

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        apply_kernel_threads();
        const RecurrentBuffers buffers = buffers_of(inputs, outputs);
        std::vector<Scratch> memory;
        for (std::int64_t d = 0; d < s_.directions; ++d) {
            memory.emplace_back(s_, reinterpret_cast<float*>(scratch) + d * Scratch::floats(s_));
            const RecurrentDirection& direction = directions_[static_cast<std::size_t>(d)];
            multiply_all({.a = buffers.x,
                          .a_step = s_.input,
                          .rows = s_.steps * s_.batch,
                          .b = direction.input.view(),
                          .start = direction.input_bias.data(),
                          .start_step = 0,
                          .y = memory.back().gates,
                          .y_step = s_.columns(),
                          .columns = 0});
        }
        std::vector<CellLoop> loops;
        for (std::int64_t d = 0; d < s_.directions; ++d) add_loops(d, memory, buffers, loops);
        // A barrier for each time is worth it only where a time takes some tenths of a millisecond: where another
        // process holds a core, each barrier waits for the scheduler, some milliseconds long.
        constexpr std::int64_t kLeastWorkPerTime = 3'000'000;
        if (loops.size() == 1 && s_.hidden * s_.columns() * s_.batch >= kLeastWorkPerTime) {
            return run_by_units(loops[0], s_.blocks());
        }
        const auto count = static_cast<std::int64_t>(loops.size());
#pragma omp parallel for schedule(dynamic) if (count > 1)
        for (std::int64_t l = 0; l < count; ++l) run_alone(loops[static_cast<std::size_t>(l)], s_.blocks());
    }

private:
    [[nodiscard]] RecurrentBuffers buffers_of(std::span<const std::byte* const> inputs,
                                              std::span<std::byte* const> outputs) const {
        const std::vector<TensorView> views = context_.views(inputs);
        const auto reals = [&](std::size_t i) {
            const bool is_there = i < views.size() && views[i].data != nullptr;
            return is_there ? reinterpret_cast<const float*>(views[i].data) : nullptr;
        };
        const auto results = [&](std::size_t i) {
            return i < outputs.size() ? reinterpret_cast<float*>(outputs[i]) : nullptr;
        };
        RecurrentBuffers buffers{.x = reals(0),
                                 .lengths = nullptr,
                                 .initial_state = reals(kInputState),
                                 .initial_cell = kind_ == CellKind::lstm ? reals(kInputCell) : nullptr,
                                 .y = results(0),
                                 .last_state = results(1),
                                 .last_cell = results(2)};
        if (views.size() > kInputLengths && views[kInputLengths].data != nullptr) {
            buffers.lengths = views[kInputLengths].as<std::int32_t>().data();
            check_lengths(buffers.lengths);
        }
        return buffers;
    }

    /// Lengths come from data, so they are checked here, at run time. @throws ModelError
    void check_lengths(const std::int32_t* lengths) const {
        for (std::int64_t n = 0; n < s_.batch; ++n) {
            if (lengths[n] >= 0 && lengths[n] <= s_.steps) continue;
            ref::refuse(context_.op(), "sequence length " + std::to_string(lengths[n]) + " is outside 0 to " +
                                           std::to_string(s_.steps));
        }
    }

    /// Samples of one length run together, because a product with several rows reads the weights once. They are split
    /// so that every thread has some.
    void add_loops(std::int64_t d, const std::vector<Scratch>& memory, const RecurrentBuffers& buffers,
                   std::vector<CellLoop>& loops) const {
        const bool has_one_length =
            buffers.lengths == nullptr || std::adjacent_find(buffers.lengths, buffers.lengths + s_.batch,
                                                             std::not_equal_to<>()) == buffers.lengths + s_.batch;
        const std::int64_t threads = std::max<std::int64_t>(kernel_threads() / s_.directions, 1);
        const std::int64_t together = has_one_length ? (s_.batch + threads - 1) / threads : 1;
        const auto number = static_cast<std::size_t>(d);
        for (std::int64_t n = 0; n < s_.batch; n += together) {
            loops.emplace_back(s_, kind_, directions_[number], memory[number], buffers, d, n,
                               std::min(n + together, s_.batch));
        }
    }

    ref::RequestContext context_;
    RecurrentSizes s_;
    CellKind kind_;
    std::string implementation_;
    std::vector<Layout> inputs_, outputs_;
    std::vector<RecurrentDirection> directions_;
};

bool is_constant_input(const KernelRequest& request, std::size_t i) {
    return i < request.constants.size() && !request.constants[i].is_empty();
}

}  // namespace

Support RecurrentOp::accepts(const KernelRequest& request) const {
    if (request.is_fused()) return Support::no("the op fuses nothing");
    if (is_constant_input(request, 0)) return Support::no("the input is a constant");
    if (!is_constant_input(request, 1) || !is_constant_input(request, 2)) {
        return Support::no("the weights are not constant");
    }
    const auto& inputs = request.node->inputs;
    const auto has_input = [&](std::size_t i) { return i < inputs.size() && inputs[i].is_valid(); };
    if (has_input(kInputBias) && !is_constant_input(request, kInputBias))
        return Support::no("the bias is not constant");
    if (has_input(kInputPeepholes)) return Support::no("own kernels have no peepholes");
    if (float_attribute(*request.node, "clip", 0.0F) > 0) return Support::no("own kernels have no clip");
    if (!has_known_activations(*request.node)) return Support::no("own kernels have the default activations only");
    if (request.outputs[0].type.shape.elements() == 0) return Support::no("the output is empty");
    return Support::yes();
}

std::unique_ptr<Primitive> RecurrentOp::build(const KernelRequest& request, const BuildContext& /*context*/) const {
    return std::make_unique<RecurrentStep>(request, gates_);
}

}  // namespace halftone::native
