// Numpy: samples as rows of arrays that numpy.save or numpy.savez wrote, with the names that the config gives them.

#include "config/reader.hpp"
#include "data/array_dataset.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_numpy(const ConfigNode& node) {
    Reader reader(node);
    OpenArray open = [](const ConfigNode& value) { return open_npy(resolve_path(value)); };
    // With `file`, the values are names of arrays in that archive instead of paths.
    if (const ConfigNode* file = reader.child("file")) {
        static_cast<void>(reader.required_text("file"));
        open = [path = resolve_path(*file)](const ConfigNode& value) { return open_npz(path, value.scalar); };
    }
    auto made = make_array_dataset(reader, open);
    reader.finish();
    return made;
}

}  // namespace halftone
