#pragma once
// Private to this room: the parts of the schema. Each function reads its Section, puts the effective keys into it and
// notes values that are not available yet; the caller finishes the section.

#include "config/names.hpp"
#include "config/run_config.hpp"
#include "config/section.hpp"

namespace halftone::config_detail {

/// Reads the whole schema from a tree to which all overrides were applied. @throws ConfigError at the first mistake
[[nodiscard]] RunConfig read_tree(const ConfigNode& root, const std::string& file, const KnownNames& known);

[[nodiscard]] QuantizationConfig read_quantization(Section& section, const KnownNames& known, Notes& notes);
/// @param higher_is_better  direction of the metric, if the config does not give it
[[nodiscard]] TuningConfig read_tuning(Section& section, const KnownNames& known, Notes& notes, bool higher_is_better);
/// Nothing without evaluation.accuracy. @param goal  tuning.accuracy_criterion, for metrics that have no limit
[[nodiscard]] std::optional<EvaluationConfig> read_evaluation(Section& section, const KnownNames& known, Notes& notes,
                                                              const AccuracyCriterion& goal);
/// The goal: by how much a metric may fall, as a fraction of the baseline (relative) or as a difference (absolute).
/// Reads these two keys only. @returns nothing if neither is given. @throws ConfigError if both are
[[nodiscard]] std::optional<AccuracyCriterion> read_loss(Section& section);

/// Returns whether a higher value of the goal's metric is better, by the metric itself or by
/// multi_metrics.higher_is_better. It reads the tree before the checks, which find its faults later.
[[nodiscard]] bool is_higher_better(const ConfigNode& root, const KnownNames& known);
/// Reads `metric` or `multi_metrics` of evaluation.accuracy. @throws ConfigError
void read_metrics(Section& section, EvaluationConfig& config, const KnownNames& known, Notes& notes,
                  const AccuracyCriterion& goal);
[[nodiscard]] DataloaderConfig read_dataloader(Section& section, const KnownNames& known, Notes& notes);

/// "name: {parameters}" below `key`: exactly one. @throws ConfigError
[[nodiscard]] PluginConfig read_one_plugin(Section& section, std::string_view key,
                                           std::span<const std::string_view> lpot,
                                           const std::vector<std::string>& known, Notes& notes);
/// Any number of them, in file order.
[[nodiscard]] std::vector<PluginConfig> read_plugins(Section& section, std::string_view key,
                                                     std::span<const std::string_view> lpot,
                                                     const std::vector<std::string>& known, Notes& notes);

}  // namespace halftone::config_detail
