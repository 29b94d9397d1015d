#include "eval/prober.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "eval/candidate_failure.hpp"

namespace halftone {

/// Chooses what a candidate is compared with. The outputs are the same for every preparation, so the model as it was
/// given serves all. But equalization scales the channels of values inside: those are compared with the equalized
/// model's. A probe of another model ends here, because it refers to that model.
void Prober::refer_to_model_of(const Job& job) {
    const PreparedModel* reference = setup_.model;
    std::shared_ptr<const CalibrationVariant> variant;
    if (job.probe != ProbeKind::output_error) {
        variant = setup_.calibrator->variant(job.candidate.calibration);
        if (!variant->recipes.equalization.empty()) reference = &variant->model;
    }
    if (reference == reference_) return;
    probe_.reset();
    reference_ = reference;
    variant_ = std::move(variant);
}

/// Makes probe_ one of this kind and candidate. A change of the candidate alone keeps the fp32 session and its outputs,
/// which are half of the work.
void Prober::prepare(const Job& job) {
    refer_to_model_of(job);
    if (!probe_ || probe_->what() != job.probe) {
        probe_.emplace(job.probe, *reference_, setup_.factory->quantized(job.candidate).graph,
                       setup_.resources->options());
    } else if (!(candidate_ == job.candidate)) {
        probe_->replace(setup_.factory->quantized(job.candidate).graph);
    }
    candidate_ = job.candidate;
}

ShardResult Prober::run(const Job& job, std::int64_t shard) {
    HALFTONE_CHECK(setup_.samples != nullptr, "a probe has samples");
    if (std::string failure = failure_of([&] { prepare(job); }); !failure.empty()) {
        probe_.reset();  // it may be half replaced
        return {.payload = {}, .failure = std::move(failure)};
    }
    // Shards are cut at the borders of the longest sample set, so that their number does not depend on the candidate;
    // one that was calibrated with fewer samples leaves the last shards empty.
    SampleRange range = setup_.samples->shard(shard);
    range.last = std::max(range.first, std::min(range.last, setup_.calibrator->samples_of(job.candidate.calibration)));
    std::vector<ErrorSums> sums(probe_->size());
    // The candidate may run at some sizes of the samples and not at others.
    std::string failure = failure_of([&] {
        setup_.samples->for_each_batch(
            range, [&](const SessionShape& shape) { return probe_->inputs(shape); }, Caching::keep,
            [&](const SampleBatch& batch) { probe_->run(batch, sums); });
    });
    if (!failure.empty()) {
        probe_.reset();
        return {.payload = {}, .failure = std::move(failure)};
    }
    return {.payload = encode_errors(sums, range.count()), .failure = {}};
}

}  // namespace halftone
