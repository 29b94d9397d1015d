#pragma once
// The three messages between the coordinator (rank 0) and the workers, as bytes with a version. Ids are in the payload.
// Grammar and rules: src/tune/README.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "trial/evaluator.hpp"

namespace halftone::tune {

inline constexpr std::uint8_t kProtocolVersion = 2;

/// Coordinator to worker: run shards [first_shard, last_shard) of the job and answer each with a Done.
/// A `calibration` or `difficulty` that is not empty is installed first (sent once to each worker, before its first
/// candidate).
struct Assign {
    std::int64_t item = 0;  ///< number of the work item, for the answer
    Job job = {};
    std::int64_t first_shard = 0;
    std::int64_t last_shard = 0;  ///< exclusive
    std::string calibration = {};
    std::string difficulty = {};
};

inline constexpr std::int64_t kFarewell = -1;

/// Worker to coordinator: one shard is done; or, with item kFarewell, "I have stopped", the last message of a worker.
struct Done {
    std::int64_t item = 0;
    std::int64_t shard = 0;
    ShardResult result = {};
    double wall_s = 0;
    std::int32_t broken_code = 0;  ///< if not 0, the worker met an exception, and the run ends with this exit code
    std::string broken = {};       ///< the message that goes with it
};

/// Coordinator to worker: end. The worker drops the shards that it has not started and answers Done{kFarewell}.
struct Stop {};

using Message = std::variant<Assign, Done, Stop>;

[[nodiscard]] std::string encode(const Message& message);
/// Returns nothing for damaged bytes, another version or an empty range of shards.
[[nodiscard]] std::optional<Message> decode(std::string_view bytes);

}  // namespace halftone::tune
