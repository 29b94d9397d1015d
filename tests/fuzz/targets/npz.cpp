// Any bytes as an .npz archive: refused with a DataError, or arrays whose rows can be read from the first to the last.
#include "base/error.hpp"
#include "data/formats/stored_array.hpp"
#include "data/formats/zip_file.hpp"
#include "fuzz/scratch_folder.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

/// A row that is read by itself has the type that the array says.
void read_ends(const StoredArray& array) {
    for (const std::int64_t row : {std::int64_t{0}, array.rows() - 1}) {
        if (array.rows() == 0) return;
        const FieldValue value = array.read_row(row);
        expect(std::get<Tensor>(value).type() == array.row_field().type, "a row has another type than its array says");
    }
}

void run_npz(std::string_view bytes) {
    static const ScratchFolder folder;
    const std::string path = folder.write("fuzz.npz", bytes);
    try {
        for (const ZipMember& member : read_zip(path)) {
            // Larger members are right, but a fuzzer would spend its time on filling memory.
            if (member.bytes > (std::uint64_t{1} << 24U)) continue;
            const std::string content = unpack_member(path, member);
            expect(content.size() == member.bytes, "a zip member has another size than its archive says");
            read_ends(*open_npz(path, member.name));
        }
    } catch (const DataError&) {
        return;
    }
}

}  // namespace

FuzzTarget make_npz_target() { return {.run = &run_npz}; }

}  // namespace halftone::fuzz
