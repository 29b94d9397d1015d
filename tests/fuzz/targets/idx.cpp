// Any bytes as an IDX file, plain or gzip, of images and of labels: refused with a DataError, or an array of the size
// that its header says.
#include "base/error.hpp"
#include "data/idx_file.hpp"
#include "fuzz/scratch_folder.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

void run_idx(std::string_view bytes) {
    static const ScratchFolder folder;
    const std::string path = folder.write("fuzz.idx", bytes);
    for (const std::size_t rank : {std::size_t{1}, std::size_t{3}}) {
        try {
            const IdxArray array = read_idx(path, rank);
            std::int64_t product = 1;
            for (const std::int64_t size : array.sizes) product *= size;
            expect(array.sizes.size() == rank && static_cast<std::int64_t>(array.bytes.size()) == product,
                   "an IDX array has another size than its header says");
        } catch (const DataError&) {
            continue;
        }
    }
}

}  // namespace

FuzzTarget make_idx_target() { return {.run = &run_idx}; }

}  // namespace halftone::fuzz
