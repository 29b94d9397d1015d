// H5Reader over HDF5's C interface. A file may come from anywhere, so nothing in it is believed:
//
//   is_reachable   walks a path step by step and refuses soft and external links
//   open           refuses datasets whose elements lie in another file
//   shape_of       refuses shapes that no file of ours has
//   as_data        turns every failure of the library into a DataError with file and object
//   read, texts, read_rows   check that what the shape claims is really stored, before they ask for memory
//
// The functions of H5Reader below the class State are these, for one type each.
#include "dump/h5_reader.hpp"

#include <array>

#include "base/check.hpp"
#include "base/file_system.hpp"
#include "dump/h5/types.hpp"

namespace halftone {
namespace {

using namespace h5;

/// Shapes beyond this are damage: nothing that we write comes near.
constexpr std::int64_t kMostElements = std::int64_t{1} << 40U;

/// Called by H5Literate for each link of a group; 0 means: go on.
herr_t collect_name(hid_t /*group*/, const char* name, const H5L_info_t* /*info*/, void* names) {
    static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
}

std::string without_padding(const char* text, std::size_t length) {
    std::size_t used = 0;
    while (used < length && text[used] != '\0') ++used;
    return {text, used};
}

}  // namespace

struct H5Reader::State {
    std::string path;
    File file;

    [[noreturn]] void refuse(const std::string& object, const std::string& reason) const {
        throw DataError(path + "::" + object + ": " + reason);
    }

    /// Every step of a path is a hard link. False when it is missing.
    [[nodiscard]] bool is_reachable(const std::string& object) const {
        // "/a/b/c" is looked up as "/a", "/a/b" and "/a/b/c": H5Lexists fails where a step before the last one is
        // missing.
        for (std::size_t end = object.find('/', 1); end != std::string::npos || !object.empty();) {
            const std::string step = object.substr(0, end);
            if (step != "/") {
                if (H5Lexists(file.get(), step.c_str(), H5P_DEFAULT) <= 0) return false;
                H5L_info_t info{};
                if (H5Lget_info(file.get(), step.c_str(), &info, H5P_DEFAULT) < 0 || info.type != H5L_TYPE_HARD) {
                    refuse(step, "is a link to elsewhere, which is not followed");
                }
            }
            if (end == std::string::npos) break;
            end = object.find('/', end + 1);
        }
        return true;
    }

    void require(const std::string& object) const {
        if (!is_reachable(object)) refuse(object, "is missing");
    }

    /// A dataset whose elements are all in this file.
    [[nodiscard]] Set open(const std::string& object) const {
        require(object);
        return as_data(object, [&] {
            Set set(H5Dopen2(file.get(), object.c_str(), H5P_DEFAULT), "open " + path + "::" + object);
            const List how(H5Dget_create_plist(set.get()), "read how " + path + "::" + object + " is stored");
            if (H5Pget_external_count(how.get()) > 0 || H5Pget_layout(how.get()) == H5D_VIRTUAL) {
                refuse(object, "takes its elements from another file, which is not followed");
            }
            return set;
        });
    }

    [[nodiscard]] std::vector<std::int64_t> shape_of(const std::string& object, const Set& set) const {
        const Space space(H5Dget_space(set.get()), "read the shape of " + path + "::" + object);
        std::array<hsize_t, H5S_MAX_RANK> dims{};
        const int rank = H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
        if (rank < 0) refuse(object, "has no shape");
        std::vector<std::int64_t> shape(dims.begin(), dims.begin() + rank);
        std::int64_t elements = 1;
        for (const std::int64_t dim : shape) {
            if (dim < 0 || (dim > 0 && elements > kMostElements / dim)) refuse(object, "has an impossible shape");
            elements *= dim;
        }
        return shape;
    }

    /// Whatever the library finds wrong in a file that is read is the data's fault.
    template <class F>
    auto as_data(const std::string& object, F&& body) const -> decltype(body()) {
        try {
            return body();
        } catch (const IoError& error) {
            refuse(object, error.what());
        }
    }

    /// All elements, converted to T by the library.
    template <class T>
    [[nodiscard]] std::vector<T> read(const std::string& object) const {
        const Set set = open(object);
        std::int64_t elements = 1;
        for (const std::int64_t dim : shape_of(object, set)) elements *= dim;
        // What is claimed must be there: a damaged shape would ask for all memory.
        if (elements > 0 && H5Dget_storage_size(set.get()) == 0) refuse(object, "has no elements in the file");
        std::vector<T> values(static_cast<std::size_t>(elements));
        as_data(object, [&] {
            check(
                H5Dread(set.get(), native_type(halftone::dtype_of<T>()), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
                "read");
        });
        return values;
    }

    [[nodiscard]] h5::Attribute attribute(const std::string& object, const std::string& name) const {
        require(object);
        return as_data(object, [&] {
            return h5::Attribute(H5Aopen_by_name(file.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                                 "read attribute '" + name + "'");
        });
    }
};

H5Reader::H5Reader(const std::string& path) : state_(std::make_unique<State>()) {
    quiet_errors();
    state_->path = path;
    if (!make_posix_file_system()->is_file(path)) throw DataError(path + ": no such file");
    if (H5Fis_hdf5(path.c_str()) <= 0) {
        throw DataError(path + ": not an HDF5 file, or cut off" + why());
    }
    try {
        state_->file = File(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open it");
    } catch (const IoError& failure) {
        throw DataError(path + ": " + failure.what());
    }
}

H5Reader::~H5Reader() = default;

bool H5Reader::has(const std::string& path) const { return state_->is_reachable(path); }

std::vector<std::string> H5Reader::list(const std::string& group) const {
    state_->require(group);
    std::vector<std::string> names;
    return state_->as_data(group, [&] {
        // Groups of our files know the order of creation. Other programs' may not: those are listed by name.
        const Group opened(H5Gopen2(state_->file.get(), group.c_str(), H5P_DEFAULT), "open the group");
        hsize_t position = 0;
        if (H5Literate(opened.get(), H5_INDEX_CRT_ORDER, H5_ITER_INC, &position, &collect_name, &names) < 0) {
            names.clear();
            position = 0;
            check(H5Literate(opened.get(), H5_INDEX_NAME, H5_ITER_INC, &position, &collect_name, &names), "list it");
        }
        return names;
    });
}

bool H5Reader::has_attribute(const std::string& object, const std::string& name) const {
    return state_->is_reachable(object) &&
           H5Aexists_by_name(state_->file.get(), object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

std::string H5Reader::text_attribute(const std::string& object, const std::string& name) const {
    const h5::Attribute attribute = state_->attribute(object, name);
    return state_->as_data(object, [&] {
        const Type type(H5Aget_type(attribute.get()), "read the type of attribute '" + name + "'");
        // Variable texts are pointers into the file's heap, which the library would follow without our checks. The last
        // test refuses an attribute with several texts, which would not fit the buffer.
        if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0 ||
            H5Aget_storage_size(attribute.get()) != H5Tget_size(type.get())) {
            state_->refuse(object, "attribute '" + name + "' is no text of a fixed length");
        }
        std::vector<char> bytes(H5Tget_size(type.get()));
        check(H5Aread(attribute.get(), type.get(), bytes.data()), "read attribute '" + name + "'");
        return without_padding(bytes.data(), bytes.size());
    });
}

std::vector<double> H5Reader::numbers_attribute(const std::string& object, const std::string& name) const {
    const h5::Attribute attribute = state_->attribute(object, name);
    return state_->as_data(object, [&] {
        const Space space(H5Aget_space(attribute.get()), "read the shape of attribute '" + name + "'");
        std::vector<double> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())));
        check(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, values.data()), "read attribute '" + name + "'");
        return values;
    });
}

std::int64_t H5Reader::integer_attribute(const std::string& object, const std::string& name) const {
    const h5::Attribute attribute = state_->attribute(object, name);
    return state_->as_data(object, [&] {
        // An attribute with several elements would be written behind the variable.
        if (H5Aget_storage_size(attribute.get()) > sizeof(std::int64_t)) {
            state_->refuse(object, "attribute '" + name + "' is no integer");
        }
        std::int64_t value = 0;
        check(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), "read attribute '" + name + "'");
        return value;
    });
}

H5Layout H5Reader::layout(const std::string& path) const {
    const Set set = state_->open(path);
    const Type type(H5Dget_type(set.get()), "read the type of " + path);
    const auto dtype = h5::dtype_of(type.get());
    if (!dtype) state_->refuse(path, "holds elements of an unknown type");
    return {*dtype, state_->shape_of(path, set)};
}

std::vector<double> H5Reader::numbers(const std::string& path) const { return state_->read<double>(path); }

std::vector<std::int64_t> H5Reader::integers(const std::string& path) const { return state_->read<std::int64_t>(path); }

std::vector<std::string> H5Reader::texts(const std::string& path) const {
    const Set set = state_->open(path);
    return state_->as_data(path, [&] {
        const Type type(H5Dget_type(set.get()), "read its type");
        if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0) {
            state_->refuse(path, "holds no texts of a fixed length");
        }
        const std::size_t length = H5Tget_size(type.get());
        std::int64_t elements = 1;
        for (const std::int64_t dim : state_->shape_of(path, set)) elements *= dim;
        if (elements > 0 && H5Dget_storage_size(set.get()) == 0) state_->refuse(path, "has no elements in the file");
        std::vector<char> bytes(length * static_cast<std::size_t>(elements));
        check(H5Dread(set.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), "read it");
        std::vector<std::string> texts;
        for (std::size_t i = 0; i < bytes.size(); i += length) texts.push_back(without_padding(&bytes[i], length));
        return texts;
    });
}

void H5Reader::read_rows(const std::string& path, std::int64_t first, std::int64_t count, std::byte* data) const {
    const Set set = state_->open(path);
    state_->as_data(path, [&] {
        std::vector<std::int64_t> shape = state_->shape_of(path, set);
        // The caller's numbers come from the index, and this file may have been replaced since.
        if (shape.empty() || first + count > shape[0]) state_->refuse(path, "has too few rows");
        const Space in_file(H5Dget_space(set.get()), "read its shape");
        select_rows(in_file, first, count, path);
        shape[0] = count;
        const Type type(H5Dget_type(set.get()), "read its type");
        check(H5Dread(set.get(), type.get(), space_of(shape, path).get(), in_file.get(), H5P_DEFAULT, data), "read it");
    });
}

void check_format(const H5Reader& reader, const std::string& path, const std::string& format, std::int64_t version) {
    if (!reader.has_attribute("/", "format") || reader.text_attribute("/", "format") != format) {
        throw DataError(path + ": an HDF5 file, but no " + format);
    }
    // A newer version may mean other things by the same names, so it is not tried.
    const std::int64_t found = reader.integer_attribute("/", "format_version");
    if (found == version) return;
    throw DataError(path + ": format version " + std::to_string(found) + " is unknown; this program reads " +
                    std::to_string(version));
}

}  // namespace halftone
