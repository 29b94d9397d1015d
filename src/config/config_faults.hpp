#pragma once
// Reads a config to its end even if parts of it are wrong: every mistake with its place, and the rest of the config. It
// is for the dry run, which names all faults at once.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/run_config.hpp"

namespace halftone {

/// A message in two parts.
struct PlacedMessage {
    std::string where;  ///< "c.yaml:12:7 evaluation.accuracy.metric"; empty if the message names no place
    std::string what;   ///< the rest of it
    /// Whether the key in `where` is the subject of `what`, as in "KEY is missing"; else a colon stands between them.
    bool is_sentence = false;
    /// Returns the message as one text again, "c.yaml:12:7 KEY is missing" or "c.yaml:12:7 KEY: no such file".
    [[nodiscard]] std::string to_text() const;
    friend bool operator==(const PlacedMessage&, const PlacedMessage&) = default;
};

/// Divides a message "c.yaml:12:7: tuning.shards must be …" into its place with the key, and the rest. A message has a
/// place if it begins with this config file or with one of the overrides.
/// @param overrides  the "--set" assignments, as read_run_config gets them
[[nodiscard]] PlacedMessage split_place(const std::string& message, const std::string& file,
                                        const std::vector<std::string>& overrides);

/// The parts of a config that could be read.
struct TolerantReading {
    /// The config without the parts that are wrong. Nothing if the text is no YAML.
    std::optional<RunConfig> config;
    std::vector<PlacedMessage> faults;  ///< in the order in which the schema is read
    /// Paths of keys whose values in `config` are not the user's but replacements, because the config cannot be read
    /// without a value there: a metric, a data set.
    std::vector<std::string> replaced;
    [[nodiscard]] bool is_replaced(std::string_view path) const;
};

/// Reads a config like read_run_config, but continues after a mistake: the wrong value is left out, and the rest is
/// read as if the value had not been there. A mistake that only follows from this is not reported.
[[nodiscard]] TolerantReading read_run_config_tolerantly(std::string_view text, const std::string& file,
                                                         const std::vector<std::string>& overrides,
                                                         const KnownNames& known);

}  // namespace halftone
