#pragma once
// A step whose fast kernel may be wrong for NaN or infinity, run so that it is not. The fast kernel runs as ever, so
// that all other elements keep their bits; beside it runs a witness that is right: the same kernel without the fused
// function, or the reference loops. Where the witness or the result is no finite number, the result gets what the
// reference operator of the fused function makes of the witness's value. That takes about twice the time of the step,
// and only runs that meet such values pay it.

#include <memory>
#include <optional>
#include <vector>

#include "exec/lowering.hpp"

namespace halftone {

/// What is needed to build the witness later, long after the graph is gone.
struct WitnessRequest {
    explicit WitnessRequest(const LoweredStep& step);

    Node node;
    KernelRequest request;  ///< `node` is null: it is the member above
    bool is_fused = false;  ///< an activation or a clamp is left out; else the reference operator is the witness
    std::optional<Node> activation{};  ///< that is left out
    Clamp clamp{};                     ///< that is left out
    const Op* op = nullptr;
};

/// From an element of the witness to the result: the fused function by its reference operator, then the clamp.
class Completion {
public:
    explicit Completion(const WitnessRequest& wanted);
    [[nodiscard]] float operator()(float sum) const;

private:
    std::unique_ptr<Primitive> function_;  ///< of one number; null if none is fused
    Clamp clamp_;
};

class CarefulStep {
public:
    /// @param fast  the step's own kernel; it outlives this object
    CarefulStep(const WitnessRequest& wanted, Primitive& fast);

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs, std::byte* scratch);

private:
    Primitive& fast_;
    Node node_;
    Completion completion_;
    std::unique_ptr<Primitive> witness_;
    std::vector<std::unique_ptr<Primitive>> reorders_;  ///< by input, from the fast kernel's layout to the witness's
    std::unique_ptr<Primitive> reorder_back_;
    std::vector<Tensor> inputs_;  ///< in the witness's layouts
    Tensor result_, reordered_, scratch_;
};

/// Returns whether every element of a buffer is a number of at most this magnitude. @param limit  negative: never
[[nodiscard]] bool is_within(const Layout& layout, const std::byte* data, float limit);

}  // namespace halftone
