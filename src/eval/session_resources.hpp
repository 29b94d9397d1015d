#pragma once
// SessionResources: what all sessions of one evaluator share. Not thread-safe, because the sessions write into one
// arena; it must outlive them.

#include <cstdint>
#include <memory>

#include "exec/session.hpp"

namespace halftone {

struct SessionResources {
    std::int64_t batch = 1;                                      ///< rows of every session
    std::unique_ptr<WeightCache> weights = make_weight_cache();  ///< packed weights: candidates differ in few units
    WorkingMemory memory{};                                      ///< sessions run one at a time, so one is enough

    [[nodiscard]] CompileOptions options() {
        CompileOptions options;
        options.batch = batch;
        options.weights = weights.get();
        options.memory = &memory;
        return options;
    }
};

}  // namespace halftone
