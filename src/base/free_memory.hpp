#pragma once
// How much memory this process can get before the operating system refuses more or ends the process.

#include <cstdint>
#include <string>

namespace halftone {

/// Returns the bytes that this process can still take: the smallest of what the machine has available
/// (/proc/meminfo, MemAvailable), what the limits of its control groups leave (cgroup version 1 and 2), and what
/// `ulimit -v` leaves. Caches of files count as free, because the kernel gives them up. Sources that cannot be read set
/// no limit; if there is none at all, the result is 2^64 - 1.
/// @param root  folder in which /proc and /sys are looked for; "" is the machine itself, tests have copies
[[nodiscard]] std::uint64_t free_memory(const std::string& root = "");

/// Returns how many ranks of this program's MPI job run on this machine and share its memory. Open MPI, MPICH and Slurm
/// put this number into the environment; without a launcher it is 1.
[[nodiscard]] std::int64_t ranks_on_machine();

}  // namespace halftone
