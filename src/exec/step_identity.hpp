#pragma once
// What the key of a step stands for. Keys have 64 bits and find equal steps quickly; a result is shared only after what
// they stand for was compared, because two different steps may have one key.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/ops/request.hpp"

namespace halftone {

/// Where an input of a step comes from: a step of its session, a constant, or an input of the graph.
struct StepInput {
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::size_t producer = kNone;  ///< number of the step that writes it; kNone for the other two
    std::size_t output = 0;        ///< which of the producer's outputs
    std::size_t graph_input = kNone;
    Tensor constant{};  ///< empty unless it is a constant
};

/// Everything that decides the bytes that a step writes. It lives as long as its session and does not change.
struct StepIdentity {
    /// @param given  null for a reorder, of which the layouts say everything
    explicit StepIdentity(const KernelRequest* given);
    StepIdentity(const StepIdentity&) = delete;  // `request` points into this object
    StepIdentity& operator=(const StepIdentity&) = delete;

    Node node, activation;
    std::optional<KernelRequest> request;
    std::string implementation;
    std::vector<StepInput> inputs;
    std::vector<std::string> output_layouts;
};

/// Says whether a step of the first session and a step of the second one write the same.
using SameProducer = std::function<bool(std::size_t first, std::size_t second)>;

/// Returns whether two steps, of two sessions that are fed alike, write the same bytes.
[[nodiscard]] bool computes_same(const StepIdentity& a, const StepIdentity& b, const SameProducer& is_same_producer);

}  // namespace halftone
