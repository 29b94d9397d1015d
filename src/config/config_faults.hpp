#pragma once
// Reading a config to its end although parts of it are wrong: every mistake with its place, and what is left of the
// config. For the dry run, which names all faults at once.

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

/// Divides a message "c.yaml:12:7: tuning.shards must be …" into its place with the key, and the rest. A place in front
/// of a message is one of this config file or of one of the overrides; any other message has no place.
/// @param overrides  the "--set" assignments, as read_run_config gets them
[[nodiscard]] PlacedMessage split_place(const std::string& message, const std::string& file,
                                        const std::vector<std::string>& overrides);

/// What could be read of a config.
struct TolerantReading {
    /// The config without the parts that are wrong. Nothing if the text is no YAML.
    std::optional<RunConfig> config;
    std::vector<PlacedMessage> faults;  ///< in the order in which the schema is read
    /// Paths of keys whose values are stand-ins, because the config cannot be read without them: a metric, a data set.
    /// What stands there in `config` is not the user's.
    std::vector<std::string> replaced;
    [[nodiscard]] bool is_replaced(std::string_view path) const;
};

/// Reads a config like read_run_config, but goes on behind a mistake: the value that is wrong is left out, and the rest
/// is read as if it had not been there. A mistake that only follows from such a gap is not reported.
[[nodiscard]] TolerantReading read_run_config_tolerantly(std::string_view text, const std::string& file,
                                                         const std::vector<std::string>& overrides,
                                                         const KnownNames& known);

}  // namespace halftone
