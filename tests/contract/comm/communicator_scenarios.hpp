#pragma once
// What every Communicator does, as scenarios that all ranks run together. Used with Local and Threads by
// communicator_contract.cpp and with Mpi by tests/mpi/comm.

#include <ostream>
#include <span>
#include <string_view>

#include "comm/communicator.hpp"

namespace halftone {

struct Scenario {
    std::string_view name;
    void (*run)(Communicator&);  ///< every rank calls it; expectations are gtest's
};

/// gtest's name of the parameter; without it, test names would hold addresses.
inline void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

[[nodiscard]] std::span<const Scenario> communicator_scenarios();

}  // namespace halftone
