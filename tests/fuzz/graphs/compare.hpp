#pragma once
// When two ways of running a graph agree. Sums may be added in another order and functions may be approximated, so bits
// may differ; how far they may differ depends on the graph, because a Round, a comparison or a cancellation enlarges
// any difference. The rule, for every element of every output:
//
//   - NaN agrees with NaN only; numbers agree if they differ by at most 1e-5 + 1e-4 * |expected|.
//   - Else the difference must be explained: the graph is run again with each floating-point input, constant and result
//     of a node changed by random relative errors of 2^-19, and by 2^-23 of the tensor's largest element (an exact 0
//     stays 0, with any sign). The results of DFT and STFT are changed by 2^-20 of the largest element, their zeros as
//     well: what cancels exactly in one algorithm leaves a rest in another. Of the windows of signals, the largest
//     element counts as 1 at least. A subnormal result of a node becomes 0 in half of the runs, as fast kernels may
//     have it. The largest move of the element in those runs, times 8, is added to what is allowed. An element that
//     becomes NaN or infinite in one of them may be anything.
//   - A shape that depends on data may differ if it differs in one of these runs from the expected one: a NonZero of
//     what is 0 but for a rounding.
//   - Where a finite value of the graph is above 1e18, nothing is compared: its square overflows fp32.
//
// The perturbed runs use the plain loops, one node after the other, so they share nothing with what is judged.

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace halftone::fuzz {

class Judge {
public:
    /// @param graph  need not be typed; outlives the judge, as do the inputs
    Judge(const Graph& graph, const std::vector<Tensor>& inputs);

    /// Returns the outputs by the plain loops, node after node.
    [[nodiscard]] const std::vector<Tensor>& expected() const { return expected_; }
    /// Returns what differs without an explanation, or an empty text.
    [[nodiscard]] std::string difference(const std::vector<Tensor>& outputs);
    /// Returns how many elements differed by more than the plain tolerance, but were explained.
    [[nodiscard]] std::int64_t explained() const { return explained_; }

private:
    [[nodiscard]] bool is_explained(std::size_t output, std::size_t element, double value);
    [[nodiscard]] bool has_fragile_shape(std::size_t output);
    void perturb(int runs);

    const Graph& graph_;
    const std::vector<Tensor>& inputs_;
    std::int64_t explained_ = 0;
    /// Anything may come out: a perturbed run could not be carried out, or a value is too large.
    bool is_fragile_ = false;
    std::vector<Tensor> expected_;                ///< behind is_fragile_, which is set while it is made
    std::vector<std::vector<Tensor>> perturbed_;  ///< outputs of each perturbed run
};

}  // namespace halftone::fuzz
