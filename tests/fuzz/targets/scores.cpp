// Any bytes as what a worker sends of its scores: the state of a metric, which the first byte chooses, or a whole
// payload. Refused with an MpiError, or merged; what is saved then merges again to the same bytes.
#include "base/error.hpp"
#include "base/wire.hpp"
#include "config/config_node.hpp"
#include "eval/shard_score.hpp"
#include "fuzz/target.hpp"
#include "metric/metric.hpp"

namespace halftone::fuzz {
namespace {

/// Metrics whose states differ in kind: a share, sums, counts of classes, scores, whole answers.
constexpr std::string_view kScored[] = {"topk", "RMSE", "F1", "ROC", "command"};

std::unique_ptr<Metric> scored_metric(std::size_t index) {
    const std::string name(kScored[index]);
    const ConfigNode section = parse_yaml(name == "command" ? "{run: [true]}" : "{}", "fuzz.yaml");
    auto metric = make_metric(name, section);
    const bool compares_numbers = name == "RMSE";
    const Shape output = name == "ROC" ? Shape{2} : Shape{3};
    metric->bind({.outputs = {{.name = "y", .type = {DType::f32, output}}},
                  .targets = {{.name = "t", .type = {DType::s64, compares_numbers ? output : Shape{}}}}});
    return metric;
}

void check_state(const Metric& metric, std::string_view bytes) {
    const auto state = metric.start();
    state->merge(bytes);
    const std::string saved = state->save();
    const auto again = metric.start();
    again->merge(saved);
    expect(again->save() == saved, "a saved state merges to another one");
    again->merge(saved);
    (void)again->save();
}

void run_scores(std::string_view bytes) {
    if (bytes.empty()) return;
    const auto kind = static_cast<std::size_t>(static_cast<unsigned char>(bytes.front()));
    bytes.remove_prefix(1);
    try {
        if (kind < std::size(kScored)) return check_state(*scored_metric(kind), bytes);
        constexpr std::int64_t kSamples = 1000;
        (void)merge_margins({std::string(bytes)});
        (void)merge_judgements_of({std::string(bytes)}, kSamples);
    } catch (const MpiError&) {
        return;  // what another rank sent is damaged
    }
}

std::map<std::string, std::string> score_seeds() {
    std::map<std::string, std::string> seeds;
    for (std::size_t i = 0; i < std::size(kScored); ++i) {
        const auto metric = scored_metric(i);
        const std::string name(kScored[i]);
        const Tensor output = Tensor::of<float>(name == "ROC" ? Shape{2} : Shape{3},
                                                name == "ROC" ? std::vector<float>{1, 2} : std::vector<float>{1, 2, 3});
        const std::vector<std::int64_t> numbers{1, 0, 1};
        const FieldValue target =
            name == "RMSE" ? FieldValue(Tensor::of<std::int64_t>(Shape{3}, numbers)) : Tensor::scalar<std::int64_t>(1);
        const TensorView view = output.view();
        const auto state = metric->start();
        (void)state->add({.id = 7, .outputs = std::span(&view, 1), .targets = std::span(&target, 1)});
        seeds[name] = std::string(1, static_cast<char>(i)) + state->save();
    }
    WireWriter payload;
    payload.put_text("state");
    payload.put(std::int64_t{2});
    payload.put_varint(2);
    payload.put_varint(5);
    payload.put_varint(300);
    payload.put_all(std::vector<double>{1, 0.5});
    payload.put_all(std::vector<float>{0.25F, -1});
    seeds["payload"] = "p" + payload.take();
    return seeds;
}

}  // namespace

FuzzTarget make_scores_target() { return {.run = &run_scores, .seeds = &score_seeds}; }

}  // namespace halftone::fuzz
