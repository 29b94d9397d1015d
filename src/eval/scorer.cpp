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
#include "base/log.hpp"
#include "eval/difficulty.hpp"
#include "eval/model_checks.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// A worker has shards of at most a few jobs at a time: those that the coordinator asked for in advance.
constexpr std::size_t kCachedGroups = 3;

/// Says what padding costs, once for each evaluation set that is scored. Says nothing where all samples have one shape.
void report_padding(const PaddingFigures& padding) {
    // One shape and nothing beside the samples: there is nothing to know.
    if (padding.shapes() <= 1 && padding.used == padding.all && padding.empty_rows == 0) return;
    log::info("data", "evaluation samples have {}", padding.to_text());
    constexpr std::size_t kManyShapes = 64;
    if (padding.shapes() <= kManyShapes) return;
    log::warning("data",
                 "evaluation samples have {} shapes, and each trial compiles the model for all of them; "
                 "collate: {{pad_to: {{multiple: 16}}}} makes them fewer",
                 padding.shapes());
}

}  // namespace

Scorer::Scorer(const ScorerSetup& setup)
    : setup_(setup),
      outputs_(scored_outputs(setup.model->graph, setup.resources->batch)),
      unpadded_(unpadded_outputs(setup.model->graph, outputs_)),
      fp32_outputs_(*setup.baseline, *setup.resources, setup.baseline_bytes),
      targets_(*setup.metrics, [samples = setup.samples](std::int64_t id) { return samples->targets_place(id); }) {}

ShardResult Scorer::run_baseline(std::int64_t shard) {
    if (!baseline_) {
        // In a search the baseline may be a file that is quantized already, of which `model` is the float form.
        const PreparedModel& scored = setup_.factory != nullptr ? *setup_.baseline : *setup_.model;
        baseline_ = std::make_unique<ShapedSessions>(scored.graph, setup_.resources->options());
    }
    const SampleRange range = setup_.samples->shard(shard);
    ShardScore scored(*setup_.metrics);
    Session* session = nullptr;
    const auto inputs_at = [&](const SessionShape& shape) {
        session = &baseline_->at(shape);
        return inputs_of(*session);
    };
    (void)setup_.samples->take_padding();
    // Kept in memory: every candidate will read the same samples.
    setup_.samples->for_each_batch(range, inputs_at, Caching::keep, [&](const SampleBatch& batch) {
        session->run();
        const BatchOutputs outputs = outputs_of(*session, outputs_);
        // The fp32 model compared with itself: its own outputs are the baseline's.
        for_each_answer(batch, outputs.views, outputs.views, unpadded_, [&](const SampleAnswer& answer) {
            if (add_answer(scored, answer)) scored.add_margin(answer.id, setup_.metrics->margin(answer));
        });
    });
    scored.set_padding(setup_.samples->take_padding());
    return {.payload = scored.encode(),
            .failure = {},
            .sample_units = range.count() * static_cast<std::int64_t>(setup_.model->units.size())};
}

ShardResult Scorer::run_candidates(const Job& job, std::int64_t shard) {
    baseline_.reset();  // the baseline is over, and its packed fp32 weights are large
    const SampleRange range = setup_.samples->shard(shard);
    const std::size_t candidates = 1 + job.followers.size();
    std::vector<ShardScore> scored;
    for (std::size_t i = 0; i < candidates; ++i) scored.emplace_back(*setup_.metrics);
    std::vector<std::string> failures(candidates);
    std::vector<std::int64_t> executed_units(candidates);  // that run for a sample
    CandidateGroup* group = nullptr;
    SessionShape shape;
    const auto inputs_at = [&](const SessionShape& wanted) -> std::vector<MutableView> {
        shape = wanted;
        group = &group_for(job, shape);
        for (std::size_t i = 0; i < candidates; ++i) {
            if (!group->failure(i).empty()) failures[i] = group->failure(i);
            executed_units[i] = group->executed_units(i);
        }
        Session* first = group->first_session();  // null when no candidate of the job could be built
        return first == nullptr ? std::vector<MutableView>{} : inputs_of(*first);
    };
    // Batch by batch through all candidates, not candidate by candidate: what they share is computed once a batch.
    setup_.samples->for_each_batch(range, inputs_at, Caching::keep, [&](const SampleBatch& batch) {
        // Before the candidates: all sessions write into one arena.
        const std::vector<TensorView> fp32 = fp32_outputs(batch, shape, *group->first_session());
        group->run([&](std::size_t i, Session& session) {
            for_each_answer(batch, outputs_of(session, outputs_).views, fp32, unpadded_,
                            [&](const SampleAnswer& answer) { (void)add_answer(scored[i], answer); });
        });
    });
    // Each candidate has a result of its own, so that one failure leaves its neighbours' trials alone.
    const auto result_of = [&](std::size_t i) -> ShardResult {
        if (!failures[i].empty()) return {.payload = {}, .failure = failures[i]};
        return {.payload = scored[i].encode(), .failure = {}, .sample_units = range.count() * executed_units[i]};
    };
    ShardResult result = result_of(0);
    for (std::size_t i = 1; i < candidates; ++i) result.followers.push_back(result_of(i));
    return result;
}

std::vector<TensorView> Scorer::fp32_outputs(const SampleBatch& batch, const SessionShape& shape,
                                             const Session& session) {
    if (!setup_.metrics->needs_baseline_outputs()) return {};
    return fp32_outputs_.of(batch.first, shape, session, outputs_);
}

/// What a metric refuses is a target that the model cannot answer, such as a class that it does not have. The metric
/// knows the sample's number, and the data set knows the file.
bool Scorer::add_answer(ShardScore& scored, const SampleAnswer& answer) {
    if (setup_.samples->skips_bad_samples() && !targets_.is_usable(answer)) return false;
    try {
        scored.add(answer);
        return true;
    } catch (DataError& error) {
        error.add_context(setup_.samples->targets_place(answer.id));
        throw;
    }
}

CandidateGroup& Scorer::group_for(const Job& job, const SessionShape& shape) {
    HALFTONE_CHECK(setup_.factory != nullptr, "candidates are scored where something is tuned");
    std::vector<Candidate> candidates{job.candidate};
    candidates.insert(candidates.end(), job.followers.begin(), job.followers.end());
    const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const ShapedGroup& known) {
        return known.shape == shape && known.group.is_of(candidates);
    });
    if (found != groups_.end()) {
        groups_.splice(groups_.begin(), groups_, found);
        return groups_.front().group;
    }
    CompileOptions options = setup_.resources->options();
    options.batch = shape.rows;
    options.hashes_steps = candidates.size() > 1;  // hashing reads all weights; one candidate has nothing to share
    const auto compile = [&](const Candidate& candidate) {
        return Session(at_shapes(setup_.factory->quantized(candidate).graph, shape.inputs), reference_ops(), options);
    };
    // First, so that its memory is free for the new one. Where samples differ in size, a job has several groups.
    const auto is_full = [&] {
        if (!setup_.samples->has_open_shapes()) return groups_.size() >= kCachedGroups;
        return are_enough_sessions(groups_.size() * candidates.size());
    };
    while (!groups_.empty() && is_full()) groups_.pop_back();
    groups_.push_front({shape, CandidateGroup(candidates, *setup_.model, compile, setup_.prefix_bytes)});
    return groups_.front().group;
}

Score Scorer::score_graph(const Graph& graph, Tensor* logits) {
    if (logits) check_output(graph);
    SampleSource& samples = *setup_.samples;
    if (logits && samples.has_open_shapes()) {
        throw ConfigError("--logits: outputs of samples of different sizes cannot be saved as one array");
    }
    ShapedSessions sessions(graph, setup_.resources->options());
    const ScoredOutputs outputs = scored_outputs(graph, samples.batch());
    UnpaddedValues unpadded = unpadded_outputs(graph, outputs);
    Session* session = nullptr;
    SessionShape shape;
    const auto inputs_at = [&](const SessionShape& wanted) {
        shape = wanted;
        session = &sessions.at(shape);
        if (logits && logits->is_empty()) {
            const std::int64_t width = session->output(0).elements() / samples.batch();
            *logits = Tensor(TensorType{DType::f32, Shape{samples.size(), width}});
        }
        return inputs_of(*session);
    };
    if (logits) *logits = Tensor();
    ShardScore scored(*setup_.metrics);
    const auto score_batch = [&](const SampleBatch& batch) {
        const std::vector<TensorView> fp32 = fp32_outputs(batch, shape, *session);
        session->run();
        for_each_answer(batch, outputs_of(*session, outputs).views, fp32, unpadded,
                        [&](const SampleAnswer& answer) { (void)add_answer(scored, answer); });
        if (!logits) return;
        const std::size_t row_bytes = logits->bytes() / static_cast<std::size_t>(samples.size());
        std::memcpy(logits->mutable_view().data + static_cast<std::size_t>(batch.first) * row_bytes,
                    session->output(0).data, static_cast<std::size_t>(batch.rows) * row_bytes);
    };
    // By shards, as in a search: the same rows of the same batches, so the same bits.
    (void)samples.take_padding();
    for (std::int64_t shard = 0; shard < samples.shards(); ++shard) {
        samples.for_each_batch(samples.shard(shard), inputs_at, Caching::pass, score_batch);
    }
    report_padding(samples.take_padding());
    const auto merge = start_score();
    merge->add(scored.encode());
    return merge->score();
}

std::unique_ptr<ScoreMerge> Scorer::start_score() const {
    return start_score_merge(*setup_.metrics, setup_.samples->size(), known_baseline_ ? &*known_baseline_ : nullptr);
}

Judgements Scorer::merge_judgements(const std::vector<std::string>& payloads) const {
    report_padding(merge_padding(payloads));
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
