// Scorer: one shard in, counts of the metric out; counts of all shards in, a score out.
//
//   run_baseline, run_candidates   a worker's part: samples through sessions, payload of one shard
//   group_for                      keeps the sessions of the last few jobs, because shards of few jobs interleave
//   merge, bounds                  rank 0: counts add up, so any split of the samples gives the same score
//   merge_difficulty, install_difficulty   from margins to the order in which candidates see the samples
//   score_graph                    the same in one process, for a graph that is no candidate
#include "eval/scorer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"
#include "eval/difficulty.hpp"
#include "eval/model_checks.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// A worker has shards of at most a few jobs at a time: those that the coordinator asked for in advance.
constexpr std::size_t kCachedGroups = 3;

/// What one shard scored. Margins are there for the baseline only.
struct ShardScore {
    MetricState state;
    std::vector<float> margins{};
};

std::string encode_score(const ShardScore& scored) {
    WireWriter wire;
    wire.put_all(scored.state.sums);
    wire.put_all(scored.state.counts);
    wire.put(scored.state.samples);
    wire.put_all(scored.margins);
    return wire.take();
}

ShardScore decode_score(const std::string& bytes) {
    ByteReader wire(bytes, "a shard's scores");
    ShardScore scored;
    scored.state.sums = wire.get_all<double>();
    scored.state.counts = wire.get_all<std::int64_t>();
    scored.state.samples = wire.get<std::int64_t>();
    scored.margins = wire.get_all<float>();
    wire.require_end<MpiError>();
    return scored;
}

/// The label of each sample of a batch: the first target of the data set.
std::vector<std::int64_t> labels_of(const SampleBatch& batch) {
    std::vector<std::int64_t> labels;
    for (const std::vector<FieldValue>& targets : batch.targets) {
        if (targets.empty()) throw ConfigError("evaluation.accuracy: the data set has no targets to score with");
        labels.push_back(std::get<Tensor>(targets.front()).as<std::int64_t>().front());
    }
    return labels;
}

/// The first rows of a tensor: those that hold samples, without the padding.
TensorView first_rows(TensorView view, std::int64_t rows) {
    view.type.shape[0] = rows;
    return view;
}

}  // namespace

ShardResult Scorer::run_baseline(std::int64_t shard) {
    if (!baseline_) {
        baseline_ = std::make_unique<Session>(setup_.model->graph, reference_ops(), setup_.resources->options());
    }
    const SampleRange range = setup_.samples->shard(shard);
    ShardScore scored{setup_.metric->empty()};
    // Kept in memory: every candidate will read the same samples.
    setup_.samples->for_each_batch(range, inputs_of(*baseline_), Caching::keep, [&](const SampleBatch& batch) {
        baseline_->run();
        const TensorView output = first_rows(baseline_->output(0), batch.rows);
        const std::vector<std::int64_t> labels = labels_of(batch);
        setup_.metric->update(scored.state, output, labels);
        const std::vector<float> margins = setup_.metric->margins(output, labels);
        scored.margins.insert(scored.margins.end(), margins.begin(), margins.end());
    });
    return {.payload = encode_score(scored),
            .failure = {},
            .sample_units = range.count() * static_cast<std::int64_t>(setup_.model->units.size())};
}

ShardResult Scorer::run_candidates(const Job& job, std::int64_t shard) {
    baseline_.reset();  // the baseline is over, and its packed fp32 weights are large
    CandidateGroup& group = group_for(job);
    const SampleRange range = setup_.samples->shard(shard);
    std::vector<ShardScore> scored(group.size(), ShardScore{setup_.metric->empty()});
    if (Session* first = group.first_session()) {  // null when no candidate of the job could be built
        // Batch by batch through all candidates, not candidate by candidate: what they share is computed once a batch.
        setup_.samples->for_each_batch(range, inputs_of(*first), Caching::keep, [&](const SampleBatch& batch) {
            const std::vector<std::int64_t> labels = labels_of(batch);
            group.run([&](std::size_t i, Session& session) {
                setup_.metric->update(scored[i].state, first_rows(session.output(0), batch.rows), labels);
            });
        });
    }
    // Each candidate has a result of its own, so that one failure leaves its neighbours' trials alone.
    const auto result_of = [&](std::size_t i) -> ShardResult {
        if (!group.failure(i).empty()) return {.payload = {}, .failure = group.failure(i)};
        return {
            .payload = encode_score(scored[i]), .failure = {}, .sample_units = range.count() * group.executed_units(i)};
    };
    ShardResult result = result_of(0);
    for (std::size_t i = 1; i < group.size(); ++i) result.followers.push_back(result_of(i));
    return result;
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
    check_output(graph);
    SampleSource& samples = *setup_.samples;
    Session session(graph, reference_ops(), setup_.resources->options());
    const Shape row = session.output(0).type.shape;
    const std::int64_t width = row.elements() / row[0];
    if (logits) *logits = Tensor(TensorType{DType::f32, Shape{samples.size(), width}});
    MetricState state = setup_.metric->empty();
    const auto score_batch = [&](const SampleBatch& batch) {
        session.run();
        const TensorView output = first_rows(session.output(0), batch.rows);
        setup_.metric->update(state, output, labels_of(batch));
        if (!logits) return;
        const auto offset = static_cast<std::size_t>(batch.first * width) * sizeof(float);
        std::memcpy(logits->mutable_view().data + offset, output.data, output.bytes());
    };
    // By shards, as in a search: the same rows of the same batches, so the same bits.
    for (std::int64_t shard = 0; shard < samples.shards(); ++shard) {
        samples.for_each_batch(samples.shard(shard), inputs_of(session), Caching::pass, score_batch);
    }
    return score_of(state);
}

Score Scorer::merge(const std::vector<std::string>& payloads) const {
    // Payloads come in shard order, and sums of doubles are added in it: the same bits for any number of ranks.
    MetricState state = setup_.metric->empty();
    for (const std::string& payload : payloads) {
        const MetricState shard = decode_score(payload).state;
        // Another rank's bytes are input: the layout of the metric's state is not taken for granted.
        if (shard.sums.size() != state.sums.size() || shard.counts.size() != state.counts.size()) {
            throw MpiError("a shard's scores are those of another metric");
        }
        state.merge(shard);
    }
    return score_of(state);
}

std::optional<AccuracyBounds> Scorer::bounds(const std::vector<std::string>& payloads) const {
    const Score score = merge(payloads);
    if (!score.correct) return std::nullopt;
    const auto all = static_cast<double>(setup_.samples->size());
    const auto unseen = setup_.samples->size() - score.samples;
    return AccuracyBounds{static_cast<double>(*score.correct) / all,
                          static_cast<double>(*score.correct + unseen) / all};
}

std::string Scorer::merge_difficulty(const std::vector<std::string>& payloads) const {
    std::vector<float> margins;
    for (const std::string& payload : payloads) {
        const ShardScore scored = decode_score(payload);
        margins.insert(margins.end(), scored.margins.begin(), scored.margins.end());
    }
    return margins.empty() ? std::string() : difficulty_text(margins);
}

void Scorer::install_difficulty(const std::string& difficulty) {
    const std::int64_t samples = setup_.samples->size();
    if (std::cmp_not_equal(difficulty.size(), samples)) {
        throw ConfigError("the journal's record 'difficulty' is of " + std::to_string(difficulty.size()) +
                          " samples, the evaluation set has " + std::to_string(samples) +
                          "; choose another --workspace");
    }
    setup_.samples->set_order(hardest_first(difficulty));
}

Score Scorer::score_of(const MetricState& state) const {
    Score score;
    score.samples = state.samples;
    score.accuracy = setup_.metric->value(state);
    score.correct = setup_.metric->correct(state);
    return score;
}

}  // namespace halftone
