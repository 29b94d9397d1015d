#include "dump/h5_version.hpp"

#include <fmt/format.h>
#include <hdf5.h>

namespace halftone {

std::string hdf5_version() {
    unsigned major = 0;
    unsigned minor = 0;
    unsigned release = 0;
    // It fails only where it is given no place for the numbers.
    static_cast<void>(H5get_libversion(&major, &minor, &release));
    return fmt::format("{}.{}.{}", major, minor, release);
}

}  // namespace halftone
