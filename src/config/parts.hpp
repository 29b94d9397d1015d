#pragma once
// Private to this room: the parts of the schema. Each reads its Section, leaves the effective keys in it and notes what
// is not available yet; the caller finishes the section.

#include "config/names.hpp"
#include "config/run_config.hpp"
#include "config/section.hpp"

namespace halftone::config_detail {

[[nodiscard]] QuantizationConfig read_quantization(Section& section, const KnownNames& known, Notes& notes);
[[nodiscard]] TuningConfig read_tuning(Section& section, const KnownNames& known, Notes& notes);
/// Nothing without evaluation.accuracy.
[[nodiscard]] std::optional<EvaluationConfig> read_evaluation(Section& section, const KnownNames& known, Notes& notes);
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
