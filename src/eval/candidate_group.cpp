#include "eval/candidate_group.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "eval/candidate_failure.hpp"

namespace halftone {
namespace {

/// Counts the units whose main step the session does not run itself, because an earlier session of the group does.
/// @param index  of the session within the group
std::int64_t count_spared(const Session& session, const SharedPrefix& shared, std::size_t index,
                          const std::set<std::string>& mains) {
    std::int64_t spared = 0;
    for (std::size_t step = 0; step < session.steps().size(); ++step) {
        if (!shared.is_executed(index, step) && mains.contains(session.steps()[step].name)) ++spared;
    }
    return spared;
}

}  // namespace

CandidateGroup::CandidateGroup(const std::vector<Candidate>& candidates, const PreparedModel& model,
                               const std::function<Session(const Candidate&)>& compile, std::size_t memory_limit) {
    std::vector<Session*> sessions;  // of the candidates that could be built
    for (const Candidate& candidate : candidates) {
        Member& member = members_.emplace_back();
        member.candidate = candidate;
        member.failure = failure_of([&] { member.session = std::make_unique<Session>(compile(candidate)); });
        if (!member.failure.empty()) continue;
        // A candidate that cannot be built fails alone; the others of its group run without it.
        running_.push_back(members_.size() - 1);
        sessions.push_back(member.session.get());
    }
    const auto units = static_cast<std::int64_t>(model.units.size());
    if (candidates.size() == 1) {  // nothing to share, nothing hashed
        members_.front().executed_units = units;
        return;
    }
    shared_ = std::make_unique<SharedPrefix>(sessions, memory_limit);
    // Work is counted in units, whose main steps carry their names in every session, however the rest is fused.
    std::set<std::string> mains;
    for (const Unit& unit : model.units) mains.insert(unit.name);
    for (std::size_t r = 0; r < running_.size(); ++r) {
        Member& member = members_[running_[r]];
        member.executed_units = units - count_spared(*member.session, *shared_, r, mains);
    }
}

bool CandidateGroup::is_of(const std::vector<Candidate>& candidates) const {
    return std::equal(members_.begin(), members_.end(), candidates.begin(), candidates.end(),
                      [](const Member& member, const Candidate& c) { return member.candidate == c; });
}

Session* CandidateGroup::first_session() {
    return running_.empty() ? nullptr : members_[running_.front()].session.get();
}

void CandidateGroup::run(const std::function<void(std::size_t, Session&)>& visit) {
    for (std::size_t r = 0; r < running_.size(); ++r) {
        Session& session = *members_[running_[r]].session;
        // Each session has an input buffer of its own, because inputs never lie in the shared arena.
        // Samples are read once, into the first session; the others get copies.
        if (r > 0) {
            for (std::size_t i = 0; i < session.input_count(); ++i) {
                const MutableView from = first_session()->input(i);
                std::memcpy(session.input(i).data, from.data, from.bytes());
            }
        }
        if (shared_) {
            shared_->run(r);
        } else {
            session.run();
        }
        visit(running_[r], session);
    }
}

}  // namespace halftone
