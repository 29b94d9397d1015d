#pragma once
// What each rank finds on its own host, and whether the ranks can work together: they need the same instruction set and
// the same data, and the smallest memory is the limit of all.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/run_config.hpp"
#include "rehearsal/fault.hpp"

namespace halftone {

/// One rank. Model and config are sent by rank 0, so only the data are read where the rank is.
struct RankFacts {
    std::string host;
    std::string isa;
    std::uint64_t memory_limit = 0;  ///< bytes that the rank may take
    /// Hashes of the data sets as they are there, with their names; empty where there is none or nothing was read.
    std::string calibration = {}, evaluation = {};
    std::string fault = {};  ///< why the data cannot be read there; empty: they can
    friend bool operator==(const RankFacts&, const RankFacts&) = default;
};

/// Looks at this process and at the data that the config names. A config with faults is not looked at: rank 0 lists
/// what is wrong with it.
[[nodiscard]] RankFacts look_at_this_rank(const std::string& config_text, const std::string& config_path,
                                          const std::vector<std::string>& overrides, const KnownNames& known);

/// Bytes for rank 0, and back. @throws MpiError for damaged bytes
[[nodiscard]] std::string encode_rank(const RankFacts& facts);
[[nodiscard]] RankFacts decode_rank(std::string_view bytes);

/// Adds a fault for everything in which a host differs from rank 0's so that the run could not happen.
/// @param ranks  in rank order; rank 0 first
void compare_ranks(const std::vector<RankFacts>& ranks, FaultList& faults);

/// Returns "3 ranks on node1, 2 on node2", in the order in which the hosts first occur.
[[nodiscard]] std::string hosts_text(const std::vector<RankFacts>& ranks);

}  // namespace halftone
