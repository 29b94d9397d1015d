#pragma once
// tuning.tensorboard: the distributions of every unit's values in the fp32 model and in each trial, and the course of
// the search. The files distributions/*.h5 keep the measurements, one whole file for each trial. TensorBoard's event
// files are made from them and from the journal, and each session writes them again.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "dump/event_file.hpp"
#include "eval/candidate_factory.hpp"
#include "eval/error_probe.hpp"
#include "exec/prepared_model.hpp"
#include "study/distribution_bins.hpp"
#include "study/distribution_file.hpp"
#include "trial/trial.hpp"
#include "tune/tuner.hpp"

namespace halftone::study {

/// The objects that measure the distributions; all of them outlive it.
struct DistributionInputs {
    CandidateFactory& factory;    ///< makes the quantized model of a candidate
    const PreparedModel& model;   ///< the fp32 model
    const Pipeline& calibration;  ///< its first batch is run
    std::int64_t batch = 1;       ///< samples that run together
};

class Distributions {
public:
    /// @param config_text  the effective config, which TensorBoard shows beside the search
    /// @pre the evaluator's calibration is installed. @throws IoError
    Distributions(const DistributionInputs& inputs, const std::string& config_text, const std::string& workspace);

    /// Adds a told trial to the event files. Replayed trials of earlier sessions are passed here, too, in order.
    /// @param goal  accuracy that the goal asks for
    /// @throws IoError
    void on_trial(const tune::FinishedTrial& trial, const tune::Progress& progress, double goal);

private:
    [[nodiscard]] std::optional<UnitDistributions> of_trial(const tune::FinishedTrial& trial);
    [[nodiscard]] UnitDistributions measure(const Candidate& candidate);
    void run_models(const Candidate& candidate);
    [[nodiscard]] Distribution count(TensorView value, std::size_t unit, BinEnds bins) const;
    void add_events(EventFile& file, const UnitDistributions& distributions, std::int64_t step);

    DistributionInputs inputs_;
    std::string folder_;
    std::unique_ptr<FileSystem> files_;
    std::unique_ptr<WeightCache> weights_;
    WorkingMemory memory_;
    std::int64_t batch_ = 1;  ///< rows of the sessions
    std::int64_t samples_ = 0;
    std::optional<ErrorProbe> probe_;
    UnitDistributions fp32_;
    std::unique_ptr<EventFile> search_, fp32_events_, quantized_events_;
};

}  // namespace halftone::study
