// evaluation.accuracy.metric and multi_metrics: which metrics there are, which of them the goal judges.
//
//   is_higher_better   what the goal's direction is where accuracy_criterion does not say it
//   read_own_keys      the keys that every metric's section may have: outputs, targets, limit
//   read_several       multi_metrics: the metrics, their weights and directions
//
// A section has two owners, as that of a strategy: what all metrics have in common is read here and taken out, and the
// rest is kept for the metric, which reads it strictly when it is made.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/parts.hpp"

namespace halftone::config_detail {
namespace {

/// Keys of a metric's section that are not the metric's own.
constexpr std::array<std::string_view, 5> kCommonMetricKeys{"output", "outputs", "target", "targets", "limit"};

/// Keys of multi_metrics that name no metric.
constexpr std::array<std::string_view, 2> kListKeys{"weight", "higher_is_better"};

bool is_true_word(const std::string& word) {
    // LPOT's documents write True and False; both are YAML's own words, and lists of words keep them as they stand.
    if (word == "true" || word == "True") return true;
    if (word == "false" || word == "False") return false;
    throw ConfigError("'" + word + "'");
}

bool is_lower_by_nature(const std::string& metric, const KnownNames& known) {
    return std::find(known.lower_is_better.begin(), known.lower_is_better.end(), metric) != known.lower_is_better.end();
}

/// One name, or a list of names, below `one` or `several`. Two spellings of one key may not contradict each other.
std::vector<std::string> read_field_names(Reader& reader, std::string_view one, std::string_view several) {
    const std::vector<std::string> single = reader.words(one, {});
    const std::vector<std::string> list = reader.words(several, {});
    if (!single.empty() && !list.empty()) reader.fail(one, fmt::format("cannot stand beside {}", several));
    if (single.size() > 1) reader.fail(one, fmt::format("must be one name; for several use {}", several));
    return single.empty() ? list : single;
}

/// Takes the common keys out of a metric's section. A section that is a number ("topk: 5") has none.
void read_own_keys(MetricConfig& metric) {
    ConfigNode& node = metric.plugin.node;
    if (node.kind != ConfigNode::Kind::map) return;
    Reader reader(node);
    metric.outputs = read_field_names(reader, "output", "outputs");
    metric.targets = read_field_names(reader, "target", "targets");
    if (const ConfigNode* limit = reader.child("limit"); limit != nullptr && !limit->is_empty()) {
        Section section(*limit);
        metric.limit = read_loss(section);
        if (!metric.limit) fail_at(*limit, "needs relative or absolute", true);
        static_cast<void>(section.finish());
        metric.limit->higher_is_better = metric.higher_is_better;
    }
    std::erase_if(node.entries, [](const auto& entry) { return is_among(entry.first, kCommonMetricKeys); });
}

/// Reads the list below `key` of multi_metrics, one item for each metric. Nothing where the key is absent.
std::vector<std::string> read_list(Section& multi, std::string_view key, std::size_t metrics) {
    if (multi.given(key) == nullptr) return {};
    std::vector<std::string> words = multi.words(key, {});
    if (words.size() == metrics) return words;
    fail_at(*multi.given(key),
            fmt::format("must have one item for each of the {} metrics, has {}", metrics, words.size()), true);
}

void read_weights(Section& multi, EvaluationConfig& config) {
    const auto words = read_list(multi, "weight", config.metrics.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto weight = parse_double(words[i]);
        if (!weight || !(*weight >= 0)) fail_at(*multi.given("weight"), "must be numbers >= 0, got '" + words[i] + "'");
        config.metrics[i].weight = *weight;
        config.is_weighted = true;
    }
    if (!config.is_weighted) return;
    const auto is_zero = [](const MetricConfig& metric) { return metric.weight == 0; };
    if (std::all_of(config.metrics.begin(), config.metrics.end(), is_zero)) {
        fail_at(*multi.given("weight"), "must have a number > 0", true);
    }
    for (const MetricConfig& metric : config.metrics) {
        if (metric.higher_is_better == config.metrics.front().higher_is_better) continue;
        // Their mean would gain from a loss of one of them.
        fail_at(multi.node(),
                fmt::format("cannot weight {} with {}: higher is better for one and lower for the other; leave weight "
                            "out and give each a limit",
                            config.metrics.front().plugin.name, metric.plugin.name),
                true);
    }
}

void read_directions(Section& multi, EvaluationConfig& config, const KnownNames& known) {
    const auto words = read_list(multi, "higher_is_better", config.metrics.size());
    for (std::size_t i = 0; i < config.metrics.size(); ++i) {
        MetricConfig& metric = config.metrics[i];
        metric.higher_is_better = !is_lower_by_nature(metric.plugin.name, known);
        if (words.empty()) continue;
        try {
            metric.higher_is_better = is_true_word(words[i]);
        } catch (const ConfigError& error) {
            fail_at(*multi.given("higher_is_better"), fmt::format("must be true or false, got {}", error.what()));
        }
    }
}

/// multi_metrics: {topk: 1, MSE: {…}, weight: […], higher_is_better: […]}
void read_several(Section& parent, EvaluationConfig& config, const KnownNames& known, Notes& notes,
                  const AccuracyCriterion& goal) {
    Section multi = parent.section("multi_metrics");
    for (const auto& [name, node] : multi.node().entries) {
        if (is_among(name, kListKeys)) continue;
        check_name({node.key_mark, multi.node().path}, name, kMetrics, known.metrics, notes);
        config.metrics.push_back({.plugin = {.name = name, .node = node}});
        static_cast<void>(multi.given(name));
        multi.put(name, node);
    }
    if (config.metrics.empty()) fail_at(multi.node(), "names no metric", true);
    read_directions(multi, config, known);
    read_weights(multi, config);
    if (config.metrics.front().higher_is_better != goal.higher_is_better) {
        fail_at(
            multi.node(),
            fmt::format("contradicts tuning.accuracy_criterion.higher_is_better, which is {}", goal.higher_is_better),
            true);
    }
    parent.put("multi_metrics", multi.finish());
}

}  // namespace

bool is_higher_better(const ConfigNode& root, const KnownNames& known) {
    const ConfigNode* node = &root;
    for (const std::string_view key : {"evaluation", "accuracy"}) {
        node = node != nullptr ? node->find(key) : nullptr;
    }
    if (node == nullptr) return true;
    const ConfigNode* multi = node->find("multi_metrics");
    const ConfigNode* metrics = multi != nullptr ? multi : node->find("metric");
    if (metrics == nullptr) return true;
    if (const ConfigNode* given = multi != nullptr ? multi->find("higher_is_better") : nullptr) {
        const std::string& first = given->items.empty() ? given->scalar : given->items.front().scalar;
        return first != "false" && first != "False";
    }
    for (const auto& [name, settings] : metrics->entries) {
        if (!is_among(name, kListKeys)) return !is_lower_by_nature(name, known);
    }
    return true;
}

void read_metrics(Section& section, EvaluationConfig& config, const KnownNames& known, Notes& notes,
                  const AccuracyCriterion& goal) {
    const ConfigNode* multi = section.given("multi_metrics");
    if (multi == nullptr) {
        config.metrics.push_back({.plugin = read_one_plugin(section, "metric", kMetrics, known.metrics, notes),
                                  .higher_is_better = goal.higher_is_better});
    } else {
        if (const ConfigNode* metric = section.given("metric")) {
            fail_at(*multi, "cannot stand beside metric (" + metric->key_mark.to_text() + "); give one", true);
        }
        read_several(section, config, known, notes, goal);
    }
    for (MetricConfig& metric : config.metrics) read_own_keys(metric);
    if (config.is_weighted) return;
    // The goal judges the first metric; the others must keep to the same loss, unless they have a limit of their own.
    for (auto metric = config.metrics.begin() + 1; metric != config.metrics.end(); ++metric) {
        if (metric->limit) continue;
        metric->limit = goal;
        metric->limit->higher_is_better = metric->higher_is_better;
    }
}

}  // namespace halftone::config_detail
