#pragma once
// Step wraps one oneDNN primitive with its constant arguments; our own loops are LoopSteps (kernel/ops/loop_step.hpp).

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "kernel/ops/loop_step.hpp"
#include "kernel/ops/op.hpp"
#include "oneapi/dnnl/dnnl.hpp"

namespace halftone::onednn {

/// oneDNN's argument number and the memory that holds it.
using Arguments = std::vector<std::pair<int, dnnl::memory>>;

/// A memory object that owns a copy of the values.
[[nodiscard]] dnnl::memory constant_memory(std::span<const float> values);
[[nodiscard]] dnnl::memory constant_memory(std::span<const std::int32_t> values);

/// Attributes of every primitive here: scratch memory comes from the caller.
[[nodiscard]] dnnl::primitive_attr plain_attributes();

/// An input or output: its layout and oneDNN's argument number, or kCopiedToOutput.
struct Slot {
    static constexpr int kCopiedToOutput = -1;  ///< a residual: copied to output 0, which a sum post-op reads
    Layout layout;
    int argument;
    /// The same bytes under other dimensions, where the primitive sees them so (a stack of rows as one matrix).
    std::optional<dnnl::memory::desc> seen_as{};
};

struct StepParts {
    std::vector<Slot> inputs;
    std::vector<Slot> outputs;
    Arguments constants;
    int in_place_input = -1;
    std::vector<std::shared_ptr<const void>> kept{};  ///< what must live as long as the constants
};

class Step final : public Primitive {
public:
    /// `descriptor` is any dnnl primitive descriptor made with plain_attributes().
    /// `prefix` goes before the implementation's name.
    Step(dnnl::primitive primitive, const dnnl::primitive_desc_base& descriptor, StepParts parts,
         const std::string& prefix = {});

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return parts_.inputs.at(i).layout; }
    [[nodiscard]] const Layout& output_layout(std::size_t i) const override { return parts_.outputs.at(i).layout; }
    [[nodiscard]] std::size_t scratch_bytes() const override { return scratch_.get_desc().get_size(); }
    [[nodiscard]] int in_place_input() const override { return parts_.in_place_input; }
    [[nodiscard]] std::string implementation() const override { return implementation_; }
    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override;

private:
    dnnl::primitive primitive_;
    std::string implementation_;
    StepParts parts_;
    std::vector<dnnl::memory> inputs_;  // share their handles with arguments_
    std::vector<dnnl::memory> outputs_;
    dnnl::memory scratch_;
    std::unordered_map<int, dnnl::memory> arguments_;  // the type oneDNN takes; its order reaches no result
    dnnl::stream stream_;
};

}  // namespace halftone::onednn
