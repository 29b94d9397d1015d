#pragma once
// BaselineOutputs: what the fp32 model answers to a batch, for metrics that compare a candidate with it. Not
// thread-safe; model and resources outlive it.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "eval/answers.hpp"
#include "eval/session_resources.hpp"
#include "exec/prepared_model.hpp"

namespace halftone {

class BaselineOutputs {
public:
    /// @param limit_bytes  outputs that may stay in memory; the others are computed again each time
    BaselineOutputs(const PreparedModel& model, SessionResources& resources, std::size_t limit_bytes)
        : model_(model), resources_(resources), limit_bytes_(limit_bytes) {}

    /// Returns the fp32 model's outputs for the batch that lies in the inputs of `other`. They are copies, valid until
    /// the next call: all sessions share one arena, so the outputs of `other` are lost by this.
    /// @param first  position of the batch's first sample, which says which batch it is
    /// @param shape  of the session that runs the batch
    [[nodiscard]] std::vector<TensorView> of(std::int64_t first, const SessionShape& shape, const Session& other,
                                             const ScoredOutputs& outputs);
    /// Forgets all outputs, because batches will hold other samples from now on.
    void forget() {
        kept_.clear();
        bytes_ = 0;
    }

private:
    const PreparedModel& model_;
    SessionResources& resources_;
    std::size_t limit_bytes_;
    std::size_t bytes_ = 0;
    std::unique_ptr<ShapedSessions> sessions_;          ///< null before the first batch that must be computed
    std::vector<Tensor> current_;                       ///< of the batch that was computed last
    std::map<std::int64_t, std::vector<Tensor>> kept_;  ///< by first sample
};

}  // namespace halftone
