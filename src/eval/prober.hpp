#pragma once
// Prober: how far a candidate's values are from the fp32 model's, on the samples that it was calibrated with. It needs
// no labels. Not thread-safe; everything that the constructor takes outlives it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/calibrator.hpp"
#include "eval/candidate_factory.hpp"
#include "eval/error_probe.hpp"
#include "eval/sample_source.hpp"
#include "eval/session_resources.hpp"
#include "exec/prepared_model.hpp"
#include "trial/evaluator.hpp"

namespace halftone {

/// What a prober works on. All pointers outlive it.
struct ProberSetup {
    const PreparedModel* model = nullptr;
    Calibrator* calibrator = nullptr;
    CandidateFactory* factory = nullptr;
    SampleSource* samples = nullptr;  ///< the calibration set
    SessionResources* resources = nullptr;
};

class Prober {
public:
    explicit Prober(const ProberSetup& setup) : setup_(setup) {}

    /// Returns the sums of the differences over one shard. A shard behind the candidate's calibration samples is empty.
    /// A candidate that cannot be built is a failure of the result.
    [[nodiscard]] ShardResult run(const Job& job, std::int64_t shard);

private:
    void prepare(const Job& job);
    void refer_to_model_of(const Job& job);

    ProberSetup setup_;
    /// The last probe, because probes of one kind come in a row and share the fp32 model's results. Empty before the
    /// first probe, and after a candidate that could not be built.
    std::optional<ErrorProbe> probe_;
    /// Holds reference_ where that is an equalized model; else null.
    std::shared_ptr<const CalibrationVariant> variant_;
    const PreparedModel* reference_ = nullptr;  ///< what probe_ compares with; null before the first probe
    Candidate candidate_{};                     ///< the one in probe_
};

}  // namespace halftone
