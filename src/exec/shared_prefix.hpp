#pragma once
// Sessions that run on the same inputs and have steps in common: what several compute alike runs once.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "exec/session.hpp"

namespace halftone {

/// Runs sessions one after another. A step that an earlier session has, too, is not executed again; the results of it
/// that are still needed are kept from there and copied in. Results are the same bytes as without sharing.
class SharedPrefix {
public:
    /// @param sessions  compiled with hashes_steps, for one batch size; they outlive this
    /// @param memory_limit  bytes for kept results. A session whose kept results would not fit executes all its steps
    /// @param key_of  gives the key by which equal steps are looked for; tests give one that makes all keys equal
    SharedPrefix(std::vector<Session*> sessions, std::size_t memory_limit,
                 const std::function<std::uint64_t(const StepFlow&)>& key_of = key_of_step);

    /// Runs session `s`. In a round, sessions run in the order of their indices, because later ones take over results
    /// of earlier ones. @pre the inputs of all sessions hold the same samples
    void run(std::size_t s) { sessions_[s]->run(actions_[s]); }
    /// Does session `s` execute this step itself?
    [[nodiscard]] bool is_executed(std::size_t s, std::size_t step) const { return actions_[s][step].is_executed; }
    [[nodiscard]] std::size_t kept_bytes() const { return kept_bytes_; }

private:
    static std::uint64_t key_of_step(const StepFlow& flow) { return flow.key; }

    struct StepOfSession {
        std::size_t session = 0;
        std::size_t step = 0;
        friend bool operator==(const StepOfSession&, const StepOfSession&) = default;
    };
    void plan(std::size_t s, const std::vector<StepOfSession>& known);
    [[nodiscard]] std::size_t bytes_of(StepOfSession provider) const;
    /// Makes the first session that computes it keep a step's results.
    const std::vector<std::byte*>& keep(StepOfSession provider);

    std::vector<Session*> sessions_;
    std::size_t memory_limit_;
    std::size_t kept_bytes_ = 0;
    std::vector<std::vector<StepAction>> actions_;  ///< [session][step]
    std::vector<Tensor> kept_;
};

}  // namespace halftone
