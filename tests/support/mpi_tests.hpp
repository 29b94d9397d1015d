#pragma once
// Runs a gtest program's cases on all ranks of an MPI world: rank 0 prints the list, the others only their failures,
// and every rank returns the same code.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "comm/mpi/mpi_communicator.hpp"

namespace halftone::test {

inline int run_all_tests(MpiWorld& world) {
    if (world.rank() != 0) {
        // Failures only: N copies of the same list help nobody.
        auto& listeners = testing::UnitTest::GetInstance()->listeners();
        delete listeners.Release(listeners.default_result_printer());
        struct Failures : testing::EmptyTestEventListener {
            explicit Failures(int of_rank) : rank(of_rank) {}
            void OnTestPartResult(const testing::TestPartResult& result) override {
                if (!result.failed()) return;
                fmt::print("rank {}: {}:{}: {}\n", rank, result.file_name(), result.line_number(), result.summary());
            }
            int rank;
        };
        listeners.Append(new Failures(world.rank()));
    }
    const int failed = RUN_ALL_TESTS();
    const auto comm = world.communicator();
    bool any_failed = false;
    for (const Bytes& code : comm->gather(RankId{0}, failed != 0 ? "failed" : "passed")) any_failed |= code == "failed";
    return comm->broadcast(RankId{0}, any_failed ? "failed" : "passed") == "failed" ? 1 : 0;
}

}  // namespace halftone::test
