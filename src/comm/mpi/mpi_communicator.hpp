#pragma once
// Communicator over Open MPI. The only place that knows MPI.

#include <cstddef>
#include <memory>
#include <string>

#include "comm/communicator.hpp"

namespace halftone {

/// Calls MPI_Init_thread, and MPI_Finalize in its destructor. While an exception unwinds and there are several ranks,
/// the destructor does not finalize, because it would wait for the other ranks: main calls abort() instead.
class MpiWorld {
public:
    /// @throws MpiError naming the call. Also works without mpirun (a world of one rank).
    MpiWorld(int& argc, char**& argv);
    ~MpiWorld();
    MpiWorld(const MpiWorld&) = delete;
    MpiWorld& operator=(const MpiWorld&) = delete;

    /// Returns a new communicator (MPI_Comm_dup of the world), which must not outlive this. Collective. Longer messages
    /// travel in pieces of `piece_bytes` (below 2^31, as MPI counts with int); tests make it small.
    [[nodiscard]] std::unique_ptr<Communicator> communicator(std::size_t piece_bytes = std::size_t{1} << 28);
    [[nodiscard]] int size() const;
    [[nodiscard]] int rank() const;
    /// Ends all ranks with this code. Never returns.
    [[noreturn]] void abort(int code);

private:
    int exceptions_at_start_ = 0;
};

/// True when a launcher (mpirun, srun) started this process, judged by its environment; does not start MPI.
[[nodiscard]] bool is_launched_by_mpi();

/// "Open MPI 4.1.4", for --version and run.yaml.
[[nodiscard]] std::string mpi_version();

}  // namespace halftone
