#pragma once
// Agreement: if a step fails on one rank, it fails on all ranks. Without it, the ranks that succeed would wait in the
// next collective call for the rank that has left.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "comm/communicator.hpp"

namespace halftone {

/// Lets all ranks of a communicator run a step and then either all go on or all leave with the same error.
class Agreement {
public:
    /// @param comm  must outlive the agreement
    explicit Agreement(Communicator& comm) : comm_(comm) {}

    /// Collective: every rank runs its `step`; then the ranks compare what happened. Returns if no rank failed. A step
    /// fails by throwing halftone::Error or std::bad_alloc, which becomes an Error with exit code 3; any other
    /// exception is a bug and passes through at once.
    /// @throws Error  on every rank when a step failed anywhere: code and message of the lowest rank that failed.
    ///         MpiError when the ranks' reports cannot be exchanged
    void after(const std::function<void()>& step);

private:
    Communicator& comm_;
};

/// Collective: returns the smallest of the ranks' values, on every rank.
[[nodiscard]] std::uint64_t smallest_of_ranks(Communicator& comm, std::uint64_t value);

/// Collective: refuses ranks that run with different instruction sets. One search must not mix them, because the same
/// candidate would get different scores on different ranks.
/// @param isa  the word for this rank's instruction set
/// @throws ConfigError  on rank 0 only, naming every rank that differs from rank 0, and its host. Call it within
///         Agreement::after, so that all ranks leave.
void check_same_isa(Communicator& comm, const std::string& isa);

/// A short form of something that must be the same on all ranks: a hash or a word.
struct Fingerprint {
    std::string what;                 ///< "the evaluation data"
    std::string value;                ///< "9f3c51c0a37be210"
    ExitCode code = ExitCode::usage;  ///< of the refusal
    std::string advice = {};          ///< what the user can do; empty: the message gives no advice
};

/// Collective: compares every rank's fingerprints with those of rank 0. Copies of
/// data that nodes keep for themselves may be old or damaged, and a search over them would give results that depend on
/// which rank evaluated what.
/// @param host  name of this rank's machine, for the message
/// @param mine  the same list on every rank, in the same order, with this rank's values
/// @throws Error  on rank 0 only, with the code of the first fingerprint that differs; it names every differing rank,
///         its host, what differs, and both values. Call it within Agreement::after, so that all ranks leave.
void check_same_fingerprints(Communicator& comm, const std::string& host, const std::vector<Fingerprint>& mine);

}  // namespace halftone
