#pragma once
// How many threads the kernels of this process have, for kernels that share out work by it.

namespace halftone {

/// The number that set_kernel_threads() (machine.hpp) was given last; 1 before.
[[nodiscard]] int kernel_threads();

}  // namespace halftone
