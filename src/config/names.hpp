#pragma once
// Private to this room. The words of LPOT 1.5/1.6 that are names of something (strategies, datasets, transforms, …),
// and the three answers to a name: known to this build, LPOT's but not available yet (a note), or a mistake (an error).

#include <span>

#include "config/section.hpp"

namespace halftone::config_detail {

extern const std::span<const std::string_view> kFrameworks, kStrategies, kDatasets, kFilters, kTransforms,
    kPostprocesses, kMetrics, kApproaches, kAlgorithms;

[[nodiscard]] bool is_among(std::string_view word, std::span<const std::string_view> words);
[[nodiscard]] std::vector<std::string> to_strings(std::span<const std::string_view> words);

/// "file:1:2: a.b 'x' is unknown; allowed: …" @throws ConfigError always
[[noreturn]] void refuse_unknown(const Mark& mark, const std::string& path, std::string_view word,
                                 const std::vector<std::string>& allowed);

struct NamePlace {
    const Mark& mark;
    std::string path;  ///< of the key whose value (or only key) is the name
};

/// A name in `known` is fine; one of LPOT's gets a note; any other is a ConfigError.
void check_name(const NamePlace& place, const std::string& name, std::span<const std::string_view> lpot,
                const std::vector<std::string>& known, Notes& notes);

}  // namespace halftone::config_detail
