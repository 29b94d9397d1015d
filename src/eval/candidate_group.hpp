#pragma once
// Sessions of the candidates of one job, which run batch by batch, side by side, and share what they have in common.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exec/prepared_model.hpp"
#include "exec/session.hpp"
#include "exec/shared_prefix.hpp"
#include "space/candidate.hpp"

namespace halftone {

class CandidateGroup {
public:
    /// @param compile  makes a candidate's session, with hashes_steps where there are several candidates; too
    /// little memory or a ModelError is the candidate's failure
    CandidateGroup(const std::vector<Candidate>& candidates, const PreparedModel& model,
                   const std::function<Session(const Candidate&)>& compile, std::size_t memory_limit);

    /// Does the group hold exactly these candidates, in this order?
    [[nodiscard]] bool is_of(const std::vector<Candidate>& candidates) const;
    [[nodiscard]] std::size_t size() const { return members_.size(); }
    /// Returns why candidate `i` could not be built; empty if it has a session.
    [[nodiscard]] const std::string& failure(std::size_t i) const { return members_[i].failure; }
    /// Returns the session whose input the caller fills for all of them; null if every candidate failed.
    [[nodiscard]] Session* first_session();
    /// Runs all sessions on the input of the first one, and calls `visit` with each candidate's index and its session.
    void run(const std::function<void(std::size_t, Session&)>& visit);
    /// Returns how many units candidate `i` runs itself; the others are taken over from an earlier candidate.
    [[nodiscard]] std::int64_t executed_units(std::size_t i) const { return members_[i].executed_units; }

private:
    struct Member {
        Candidate candidate;
        std::string failure;
        std::unique_ptr<Session> session;
        std::int64_t executed_units = 0;
    };
    std::vector<Member> members_;
    std::vector<std::size_t> running_;      ///< members with a session
    std::unique_ptr<SharedPrefix> shared_;  ///< of several candidates
};

}  // namespace halftone
