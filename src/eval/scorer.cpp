// Scorer: one shard in, the state of the metrics out; the states of all shards in, a score out.
//
//   run_baseline, run_candidates   a worker's part: samples through sessions, payload of one shard
//   group_for                      keeps the sessions of the last few jobs, because shards of few jobs interleave
//   start_score                    rank 0: a running score, to which the shards' payloads are added in their order
//   merge_difficulty, install_difficulty   from margins to the order in which candidates see the samples
//   score_graph                    the same in one process, for a graph that is no candidate
#include "eval/scorer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "eval/difficulty.hpp"
#include "eval/model_checks.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// A worker has shards of at most a few jobs at a time: those that the coordinator asked for in advance.
constexpr std::size_t kCachedGroups = 3;

}  // namespace

Scorer::Scorer(const ScorerSetup& setup)
    : setup_(setup),
      outputs_(scored_outputs(setup.model->graph, setup.resources->batch)),
      fp32_outputs_(*setup.baseline, *setup.resources, setup.baseline_bytes) {}

ShardResult Scorer::run_baseline(std::int64_t shard) {
    if (!baseline_) {
        // In a search the baseline may be a file that is quantized already, of which `model` is the float form.
        const PreparedModel& scored = setup_.factory != nullptr ? *setup_.baseline : *setup_.model;
        baseline_ = std::make_unique<Session>(scored.graph, reference_ops(), setup_.resources->options());
    }
    const SampleRange range = setup_.samples->shard(shard);
    ShardScore scored(*setup_.metrics);
    // Kept in memory: every candidate will read the same samples.
    setup_.samples->for_each_batch(range, inputs_of(*baseline_), Caching::keep, [&](const SampleBatch& batch) {
        baseline_->run();
        const BatchOutputs outputs = outputs_of(*baseline_, outputs_);
        // The fp32 model compared with itself: its own outputs are the baseline's.
        for_each_answer(batch, outputs.views, outputs.views, [&](const SampleAnswer& answer) {
            scored.add(answer);
            scored.add_margin(setup_.metrics->margin(answer));
        });
    });
    return {.payload = scored.encode(),
            .failure = {},
            .sample_units = range.count() * static_cast<std::int64_t>(setup_.model->units.size())};
}

ShardResult Scorer::run_candidates(const Job& job, std::int64_t shard) {
    baseline_.reset();  // the baseline is over, and its packed fp32 weights are large
    CandidateGroup& group = group_for(job);
    const SampleRange range = setup_.samples->shard(shard);
    std::vector<ShardScore> scored;
    for (std::size_t i = 0; i < group.size(); ++i) scored.emplace_back(*setup_.metrics);
    if (Session* first = group.first_session()) {  // null when no candidate of the job could be built
        // Batch by batch through all candidates, not candidate by candidate: what they share is computed once a batch.
        setup_.samples->for_each_batch(range, inputs_of(*first), Caching::keep, [&](const SampleBatch& batch) {
            // Before the candidates: all sessions write into one arena.
            const std::vector<TensorView> fp32 = fp32_outputs(batch, *first);
            group.run([&](std::size_t i, Session& session) {
                for_each_answer(batch, outputs_of(session, outputs_).views, fp32,
                                [&](const SampleAnswer& answer) { scored[i].add(answer); });
            });
        });
    }
    // Each candidate has a result of its own, so that one failure leaves its neighbours' trials alone.
    const auto result_of = [&](std::size_t i) -> ShardResult {
        if (!group.failure(i).empty()) return {.payload = {}, .failure = group.failure(i)};
        return {.payload = scored[i].encode(), .failure = {}, .sample_units = range.count() * group.executed_units(i)};
    };
    ShardResult result = result_of(0);
    for (std::size_t i = 1; i < group.size(); ++i) result.followers.push_back(result_of(i));
    return result;
}

std::vector<TensorView> Scorer::fp32_outputs(const SampleBatch& batch, const Session& session) {
    if (!setup_.metrics->needs_baseline_outputs()) return {};
    return fp32_outputs_.of(batch.first, session, outputs_);
}

CandidateGroup& Scorer::group_for(const Job& job) {
    HALFTONE_CHECK(setup_.factory != nullptr, "candidates are scored where something is tuned");
    std::vector<Candidate> candidates{job.candidate};
    candidates.insert(candidates.end(), job.followers.begin(), job.followers.end());
    const auto found =
        std::find_if(groups_.begin(), groups_.end(), [&](const auto& group) { return group.is_of(candidates); });
    if (found != groups_.end()) {
        groups_.splice(groups_.begin(), groups_, found);
        return groups_.front();
    }
    CompileOptions options = setup_.resources->options();
    options.hashes_steps = candidates.size() > 1;  // hashing reads all weights; one candidate has nothing to share
    const auto compile = [&](const Candidate& candidate) {
        return Session(setup_.factory->quantized(candidate).graph, reference_ops(), options);
    };
    if (groups_.size() == kCachedGroups) groups_.pop_back();  // first, so that its memory is free for the new one
    groups_.emplace_front(candidates, *setup_.model, compile, setup_.prefix_bytes);
    return groups_.front();
}

Score Scorer::score_graph(const Graph& graph, Tensor* logits) {
    if (logits) check_output(graph);
    SampleSource& samples = *setup_.samples;
    Session session(graph, reference_ops(), setup_.resources->options());
    const ScoredOutputs outputs = scored_outputs(graph, samples.batch());
    const std::int64_t width = session.output(0).elements() / samples.batch();
    if (logits) *logits = Tensor(TensorType{DType::f32, Shape{samples.size(), width}});
    ShardScore scored(*setup_.metrics);
    const auto score_batch = [&](const SampleBatch& batch) {
        const std::vector<TensorView> fp32 = fp32_outputs(batch, session);
        session.run();
        for_each_answer(batch, outputs_of(session, outputs).views, fp32,
                        [&](const SampleAnswer& answer) { scored.add(answer); });
        if (!logits) return;
        const auto row_bytes = static_cast<std::size_t>(width) * sizeof(float);
        std::memcpy(logits->mutable_view().data + static_cast<std::size_t>(batch.first) * row_bytes,
                    session.output(0).data, static_cast<std::size_t>(batch.rows) * row_bytes);
    };
    // By shards, as in a search: the same rows of the same batches, so the same bits.
    for (std::int64_t shard = 0; shard < samples.shards(); ++shard) {
        samples.for_each_batch(samples.shard(shard), inputs_of(session), Caching::pass, score_batch);
    }
    const auto merge = start_score();
    merge->add(scored.encode());
    return merge->score();
}

std::unique_ptr<ScoreMerge> Scorer::start_score() const {
    return start_score_merge(*setup_.metrics, setup_.samples->size(), known_baseline_ ? &*known_baseline_ : nullptr);
}

Judgements Scorer::merge_judgements(const std::vector<std::string>& payloads) const {
    Judgements judgements = merge_judgements_of(payloads, setup_.samples->size());
    return judgements.empty() ? merge_resampled(*setup_.metrics, payloads) : judgements;
}

std::string Scorer::merge_difficulty(const std::vector<std::string>& payloads) const {
    const std::vector<float> margins = merge_margins(payloads);
    return margins.empty() ? std::string() : difficulty_text(margins);
}

void Scorer::install_baseline(const Score& score, const Judgements& judgements) {
    known_baseline_ = KnownBaseline{.accuracy = score.accuracy, .judgements = judgements};
}

void Scorer::install_difficulty(const std::string& difficulty) {
    const std::int64_t samples = setup_.samples->size();
    if (std::cmp_not_equal(difficulty.size(), samples)) {
        throw ConfigError("the journal's record 'difficulty' is of " + std::to_string(difficulty.size()) +
                          " samples, the evaluation set has " + std::to_string(samples) +
                          "; choose another --workspace");
    }
    setup_.samples->set_order(hardest_first(difficulty));
    fp32_outputs_.forget();  // a batch holds other samples from now on
}

}  // namespace halftone
