// HDF5: samples as rows of the datasets of one file, with the names that the config gives them.

#include "config/reader.hpp"
#include "data/array_dataset.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_hdf5(const ConfigNode& node) {
    Reader reader(node);
    static_cast<void>(reader.required_text("path"));
    const std::string path = resolve_path(*reader.child("path"));
    auto made = make_array_dataset(reader, [&](const ConfigNode& value) { return open_h5(path, value.scalar); });
    reader.finish();
    return made;
}

}  // namespace halftone
