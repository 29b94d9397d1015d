// Any bytes as a model beside two files of weights: refused with a ModelError, or a model whose data is inside, which
// import_onnx then reads (for one input in 4; the target import_onnx reads models without such files).
#include "graph/onnx/external_data.hpp"
#include "base/error.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/scratch_folder.hpp"
#include "fuzz/target.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone::fuzz {
namespace {

void run_external_data(std::string_view bytes) {
    static const ScratchFolder folder;
    static const bool is_filled = [] {
        folder.write("weights.bin", std::string(4096, '\x3f'));
        folder.write("empty.bin", "");
        return true;
    }();
    (void)is_filled;
    try {
        const std::string whole(inline_external_data(std::string(bytes), folder.path()).view());
        expect(inline_external_data(whole, "/nowhere").view() == whole,
               "a model still refers to files after they were taken in");
        if (is_in_share(bytes, 4)) (void)import_onnx(whole, "fuzz.onnx", reference_ops());
    } catch (const ModelError&) {
        return;
    }
}

}  // namespace

FuzzTarget make_external_data_target() { return {.run = &run_external_data, .mutate = &mutate_onnx}; }

}  // namespace halftone::fuzz
