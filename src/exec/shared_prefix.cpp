// SharedPrefix: which steps of several sessions compute the same, planned once for all batches.
//
//   SharedPrefix   session by session: which steps an earlier session has (found by key, then compared), then a plan
//   plan           what it must execute itself, and what it takes over
//   keep           memory for a result that a later session will take over
#include "exec/shared_prefix.hpp"

#include <map>
#include <numeric>

namespace halftone {
namespace {

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

}  // namespace

SharedPrefix::SharedPrefix(std::vector<Session*> sessions, std::size_t memory_limit,
                           const std::function<std::uint64_t(const StepFlow&)>& key_of)
    : sessions_(std::move(sessions)), memory_limit_(memory_limit) {
    std::map<std::uint64_t, StepOfSession> first;  // by key: who computes it
    // The first step that writes what a step writes: two steps write the same if, and only if, it is the same for both.
    std::vector<std::vector<StepOfSession>> origins;
    for (std::size_t s = 0; s < sessions_.size(); ++s) {
        const std::vector<StepFlow>& flow = sessions_[s]->flow();
        actions_.emplace_back(flow.size());
        origins.emplace_back();
        std::vector<StepOfSession> known(flow.size(), StepOfSession{kNowhere, 0});
        for (std::size_t step = 0; step < flow.size(); ++step) {
            const StepOfSession here{s, step};
            const StepOfSession earlier = first.try_emplace(key_of(flow[step]), here).first->second;
            const auto& theirs = sessions_[earlier.session]->flow()[earlier.step];
            const bool is_equal =
                !(earlier == here) &&
                computes_same(*theirs.identity, *flow[step].identity, [&](std::size_t a, std::size_t b) {
                    return origins[earlier.session][a] == origins[s][b];
                });
            origins[s].push_back(is_equal ? earlier : here);
            if (is_equal && earlier.session != s) known[step] = earlier;
        }
        plan(s, known);
    }
}

std::size_t SharedPrefix::bytes_of(StepOfSession provider) const {
    const std::vector<std::size_t>& bytes = sessions_[provider.session]->flow()[provider.step].output_bytes;
    return std::accumulate(bytes.begin(), bytes.end(), std::size_t{0});
}

const std::vector<std::byte*>& SharedPrefix::keep(StepOfSession provider) {
    StepAction& action = actions_[provider.session][provider.step];
    if (!action.stores.empty()) return action.stores;
    for (const std::size_t bytes : sessions_[provider.session]->flow()[provider.step].output_bytes) {
        kept_.emplace_back(TensorType{DType::u8, Shape{static_cast<std::int64_t>(bytes)}});
        action.stores.push_back(kept_.back().mutable_view().data);
        kept_bytes_ += bytes;
    }
    return action.stores;
}

/// Backwards from the results: a known step is taken over and nothing before it is needed for its sake. The first
/// session with a step always executes it: it could skip it only by taking over a later one, whose provider would have
/// the step too, and earlier.
void SharedPrefix::plan(std::size_t s, const std::vector<StepOfSession>& known) {
    const std::vector<StepFlow>& flow = sessions_[s]->flow();
    std::vector<bool> is_needed(flow.size(), false);
    std::vector<std::size_t> taken;
    std::size_t more = 0;
    for (std::size_t step = flow.size(); step-- > 0;) {
        if (!flow[step].is_result && !is_needed[step]) continue;
        if (known[step].session == kNowhere) {
            is_needed[step] = true;
            for (const std::size_t producer : flow[step].producers) is_needed[producer] = true;
        } else {
            is_needed[step] = false;
            taken.push_back(step);
            if (actions_[known[step].session][known[step].step].stores.empty()) more += bytes_of(known[step]);
        }
    }
    // All or nothing for one session: a part of the plan could need steps that the other part left out.
    if (kept_bytes_ + more > memory_limit_) return;  // it executes every step
    for (std::size_t step = 0; step < flow.size(); ++step) actions_[s][step].is_executed = is_needed[step];
    for (const std::size_t step : taken) {
        const std::vector<std::byte*>& from = keep(known[step]);
        actions_[s][step].loads.assign(from.begin(), from.end());
    }
}

}  // namespace halftone
