#pragma once
// The only rank of a one-process run; also the specification of Communicator by its shortest implementation.

#include <memory>

#include "comm/communicator.hpp"

namespace halftone {

[[nodiscard]] std::unique_ptr<Communicator> make_local_communicator();

}  // namespace halftone
