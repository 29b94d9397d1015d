// The contract of Communicator over its implementations in one process.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "comm/local.hpp"
#include "comm/threads.hpp"
#include "contract/comm/communicator_scenarios.hpp"

namespace halftone {
namespace {

struct Kind {
    std::string_view name;
    void (*run)(void (*scenario)(Communicator&));
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

template <int Size, int MaxDelayUs>
void run_on_threads(void (*scenario)(Communicator&)) {
    ThreadWorld world({.size = Size, .max_delay = std::chrono::microseconds(MaxDelayUs), .seed = 5});
    world.run([&](Communicator& comm) {
        scenario(comm);
        comm.barrier();
    });
}

constexpr Kind kKinds[] = {
    {"Local", [](void (*scenario)(Communicator&)) { scenario(*make_local_communicator()); }},
    {"Threads1", run_on_threads<1, 0>},
    {"Threads2", run_on_threads<2, 0>},
    {"Threads4", run_on_threads<4, 0>},
    {"Threads4Delayed", run_on_threads<4, 2000>},
};

using Case = std::tuple<Kind, Scenario>;
class CommunicatorContract : public testing::TestWithParam<Case> {};

TEST_P(CommunicatorContract, Holds) { std::get<Kind>(GetParam()).run(std::get<Scenario>(GetParam()).run); }

INSTANTIATE_TEST_SUITE_P(All, CommunicatorContract,
                         testing::Combine(testing::ValuesIn(kKinds), testing::ValuesIn(communicator_scenarios().begin(),
                                                                                       communicator_scenarios().end())),
                         [](const testing::TestParamInfo<Case>& test) {
                             return fmt::format("{}_{}", std::get<Kind>(test.param).name,
                                                std::get<Scenario>(test.param).name);
                         });

}  // namespace
}  // namespace halftone
