// Any bytes as a .params file of MXNet: refused with a ModelError, or arrays whose values are all there.
#include "base/error.hpp"
#include "fuzz/target.hpp"
#include "import/mxnet/params.hpp"

namespace halftone::fuzz {
namespace {

void run_mxnet_params(std::string_view bytes) {
    try {
        for (const auto& [name, array] : read_mxnet_params(bytes, "fuzz.params")) {
            expect(array.bytes() <= 2 * bytes.size(), "an array is larger than its file: " + name);
        }
    } catch (const ModelError&) {
        return;
    }
}

}  // namespace

FuzzTarget make_mxnet_params_target() { return {.run = &run_mxnet_params}; }

}  // namespace halftone::fuzz
