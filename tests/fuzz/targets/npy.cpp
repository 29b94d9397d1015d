// Any bytes as a .npy file: refused with a DataError, or an array that is written and read back as the same bytes.
#include <cstring>

#include "base/error.hpp"
#include "fuzz/target.hpp"
#include "tensor/npy.hpp"

namespace halftone::fuzz {
namespace {

void run_npy(std::string_view bytes) {
    Tensor array;
    try {
        array = from_npy(bytes, "fuzz.npy");
    } catch (const DataError&) {
        return;
    }
    const Tensor again = from_npy(to_npy(array.view()), "again.npy");
    expect(again.type() == array.type(), "an array reads back with another type or shape");
    expect(array.bytes() == 0 || std::memcmp(again.view().data, array.view().data, array.bytes()) == 0,
           "an array reads back with other elements");
}

}  // namespace

FuzzTarget make_npy_target() { return {.run = &run_npy}; }

}  // namespace halftone::fuzz
