// Any bytes as what a worker sends of its scores: the state of a metric, which the first byte chooses, or a whole
// payload. Refused with an MpiError, or merged; what is saved then merges again to the same bytes.
#include <algorithm>
#include <array>
#include <iterator>
#include <memory>

#include "base/error.hpp"
#include "base/wire.hpp"
#include "config/config_node.hpp"
#include "eval/shard_score.hpp"
#include "fuzz/target.hpp"
#include "metric/metric.hpp"
#include "metric/texts.hpp"

namespace halftone::fuzz {
namespace {

/// Metrics whose states differ in kind: a share, sums, counts of classes, scores, whole answers; what became of a
/// picture's detections, windows of a text, pairs of numbers.
constexpr std::string_view kScored[] = {"topk", "RMSE", "F1", "ROC", "command", "COCOmAP", "SquadF1", "GLUE"};

const char* settings_of(std::string_view name) {
    if (name == "command") return "{run: [true]}";
    if (name == "COCOmAP") return "{normalized: false}";
    return name == "GLUE" ? "{task: sts-b}" : "{}";
}

/// One answer that the metric can compare. Shapes are those of the tensors.
struct ScoredAnswer {
    std::vector<std::string> output_names{}, target_names{};
    std::vector<Tensor> outputs{};
    std::vector<FieldValue> targets{};
};
template <class T>
Tensor list_of(Shape shape, const std::vector<T>& values) {
    return Tensor::of<T>(std::move(shape), values);
}

ScoredAnswer scored_answer(std::string_view name) {
    if (name == "COCOmAP") {
        return {.output_names = {"boxes", "scores", "classes"},
                .target_names = {"boxes", "labels"},
                .outputs = {list_of<float>(Shape{2, 4}, {0, 0, 9, 9, 5, 5, 7, 8}),
                            list_of<float>(Shape{2}, {0.5, 0.25}), list_of<std::int64_t>(Shape{2}, {1, 2})},
                .targets = {list_of<float>(Shape{1, 4}, {0, 0, 9, 8}), list_of<std::int64_t>(Shape{1}, {1})}};
    }
    if (name == "SquadF1") {
        return {.output_names = {"answer", "answer_score"},
                .target_names = {"answers", "question_id"},
                .outputs = {text_tensor("a river"), Tensor::scalar(1.5)},
                .targets = {std::vector<std::string>{"the river"}, std::vector<std::string>{"q1"}}};
    }
    ScoredAnswer answer{.output_names = {"y"}, .target_names = {"t"}};
    if (name == "GLUE") {
        answer.outputs = {list_of<float>(Shape{1}, {2.5})};
    } else {
        answer.outputs = {name == "ROC" ? list_of<float>(Shape{2}, {1, 2}) : list_of<float>(Shape{3}, {1, 2, 3})};
    }
    answer.targets = {name == "RMSE" ? list_of<std::int64_t>(Shape{3}, {1, 0, 1}) : Tensor::scalar<std::int64_t>(1)};
    return answer;
}

std::unique_ptr<Metric> scored_metric(std::size_t index) {
    const std::string name(kScored[index]);
    const ConfigNode section = parse_yaml(settings_of(name), "fuzz.yaml");
    auto metric = make_metric(name, section);
    const ScoredAnswer answer = scored_answer(name);
    MetricFields fields;
    for (std::size_t i = 0; i < answer.outputs.size(); ++i) {
        const bool is_text = answer.outputs[i].dtype() == DType::u8;
        fields.outputs.push_back(
            {.name = answer.output_names[i], .type = answer.outputs[i].type(), .is_text = is_text});
    }
    for (std::size_t i = 0; i < answer.targets.size(); ++i) {
        Field field{.name = answer.target_names[i]};
        const auto* numbers = std::get_if<Tensor>(&answer.targets[i]);
        field.is_text = numbers == nullptr;
        if (numbers != nullptr) field.type = numbers->type();
        fields.targets.push_back(field);
    }
    metric->bind(fields);
    return metric;
}

/// The metric of this kind, made once: reading its settings takes longer than most states do.
const Metric& kept_metric(std::size_t index) {
    static std::array<std::unique_ptr<Metric>, std::size(kScored)> metrics;
    if (metrics.at(index) == nullptr) metrics.at(index) = scored_metric(index);
    return *metrics.at(index);
}

void check_state(std::string_view name, const Metric& metric, std::string_view bytes) {
    const auto state = metric.start();
    state->merge(bytes);
    const std::string saved = state->save();
    const auto again = metric.start();
    again->merge(saved);
    expect(again->save() == saved, "a saved state merges to another one");
    again->merge(saved);
    (void)again->save();
    // What was let in must have a value. (That of command is a program's.)
    constexpr std::string_view kValued[] = {"COCOmAP", "SquadF1", "GLUE"};
    const bool is_valued = std::find(std::begin(kValued), std::end(kValued), name) != std::end(kValued);
    if (is_valued && state->samples() > 0) (void)state->value();
}

void run_scores(std::string_view bytes) {
    if (bytes.empty()) return;
    const auto kind = static_cast<std::size_t>(static_cast<unsigned char>(bytes.front()));
    bytes.remove_prefix(1);
    try {
        if (kind < std::size(kScored)) return check_state(kScored[kind], kept_metric(kind), bytes);
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
        const ScoredAnswer answer = scored_answer(name);
        std::vector<TensorView> views;
        for (const Tensor& output : answer.outputs) views.push_back(output.view());
        const auto state = metric->start();
        (void)state->add({.id = 7, .outputs = views, .targets = answer.targets});
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
