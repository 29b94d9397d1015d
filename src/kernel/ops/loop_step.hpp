#pragma once
// A Primitive around a loop of our own.

#include <functional>

#include "kernel/ops/op.hpp"

namespace halftone {

/// Inputs and outputs as execute() gets them.
using LoopBody = std::function<void(std::span<const std::byte* const>, std::span<std::byte* const>)>;

class LoopStep final : public Primitive {
public:
    LoopStep(std::string implementation, std::vector<Layout> inputs, Layout output, LoopBody body, int in_place = -1);

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return inputs_.at(i); }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] int in_place_input() const override { return in_place_; }
    [[nodiscard]] std::string implementation() const override { return implementation_; }
    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override;

private:
    std::string implementation_;
    std::vector<Layout> inputs_;
    Layout output_;
    LoopBody body_;
    int in_place_;
};

}  // namespace halftone
