// H5Reader over HDF5's C interface. A file may come from anywhere, so nothing in it is believed:
//
//   try_first      lets a copy of this process read what the copy at the opening had not come to (crash_guard.cpp)
//   is_reachable   walks a path step by step; looks up listed names only, and refuses soft and external links
//   open           refuses datasets that lie elsewhere, need foreign filters, or claim more than is stored
//                  (stored_size.cpp): so a shape may be believed from there on
//   as_data        turns every failure of the library into a DataError with file and object
//   read, texts, read_rows   check the type, since the library would convert whatever it finds
//
// H5RowReader is one dataset that stays open. Functions of H5Reader below State are these, for one type each.
#include "dump/h5_reader.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "base/check.hpp"
#include "base/file_system.hpp"
#include "dump/h5/crash_guard.hpp"
#include "dump/h5/read_all.hpp"
#include "dump/h5/stored_size.hpp"
#include "dump/h5/types.hpp"
#include "dump/h5/variable_rows.hpp"

namespace halftone {
namespace {

using namespace h5;

// Attributes hold single values, shapes, and texts as long as a plan file.
constexpr std::uint64_t kMostAttributeBytes = std::uint64_t{16} << 20U;
constexpr std::size_t kMostAttributes = 1000;

/// Called by H5Literate for each link of a group; 0 means: go on.
herr_t collect_name(hid_t /*group*/, const char* name, const H5L_info_t* /*info*/, void* names) {
    static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
}

/// Called by H5Aiterate_by_name for each attribute; another value than 0 ends it.
herr_t collect_attribute(hid_t /*object*/, const char* name, const H5A_info_t* /*info*/, void* names) {
    auto& all = *static_cast<std::vector<std::string>*>(names);
    all.emplace_back(name);
    return all.size() < kMostAttributes ? 0 : 1;
}

std::string without_padding(const char* text, std::size_t length) {
    std::size_t used = 0;
    while (used < length && text[used] != '\0') ++used;
    return {text, used};
}

}  // namespace

struct H5Reader::State {
    std::string path;
    std::uint64_t file_bytes = 0;
    bool is_in_memory = false;
    bool was_read_in_copy = true;  ///< all of the file, or it needs no copy
    File file;
    mutable std::map<std::string, std::vector<std::string>> names{};     ///< in each group that was listed
    mutable std::map<std::string, std::set<std::string>> known_names{};  ///< the same, to look them up

    [[noreturn]] void refuse(const std::string& object, const std::string& reason) const {
        throw DataError(path + "::" + object + ": " + reason);
    }

    /// Lets a copy of this process read an object first. @throws DataError when the copy crashes
    void try_first(const std::string& object) const {
        if (was_read_in_copy) return;
        read_in_copy_first(path, "::" + object, [&] {
            read_object(H5Reader(path, H5Guard::off), object);
            return true;
        });
    }

    /// The names in a group, in the order of their making. They are listed once. @throws DataError
    [[nodiscard]] const std::vector<std::string>& names_in(const std::string& group) const {
        if (const auto known = names.find(group); known != names.end()) return known->second;
        std::vector<std::string> found;
        as_data(group, [&] {
            // Groups of our files know the order of creation. Other programs' may not: those are listed by name.
            const Group opened(H5Gopen2(file.get(), group.c_str(), H5P_DEFAULT), "open the group");
            hsize_t position = 0;
            if (H5Literate(opened.get(), H5_INDEX_CRT_ORDER, H5_ITER_INC, &position, &collect_name, &found) < 0) {
                found.clear();
                position = 0;
                check(H5Literate(opened.get(), H5_INDEX_NAME, H5_ITER_INC, &position, &collect_name, &found),
                      "list it");
            }
        });
        known_names[group] = {found.begin(), found.end()};
        return names[group] = std::move(found);
    }

    [[nodiscard]] bool holds(const std::string& group, const std::string& name) const {
        try {
            (void)names_in(group);
            return known_names.at(group).contains(name);
        } catch (const DataError&) {
            return false;  // no group, or a damaged one
        }
    }

    /// Every step of a path is a hard link. False when it is missing. Only names that the library lists are looked up:
    /// the copy of this process looks up these and no others.
    [[nodiscard]] bool is_reachable(const std::string& object) const {
        try_first(object);
        for (std::size_t begin = 0, end = 0; begin < object.size(); begin = end) {
            end = std::min(object.find('/', begin + 1), object.size());
            const std::string step = object.substr(0, end);
            if (step.size() == begin + 1) continue;  // "/" at the end of a path
            if (!holds(begin == 0 ? "/" : object.substr(0, begin), step.substr(begin + 1))) return false;
            H5L_info_t info{};
            if (H5Lget_info(file.get(), step.c_str(), &info, H5P_DEFAULT) < 0 || info.type != H5L_TYPE_HARD) {
                refuse(step, "is a link to elsewhere, which is not followed");
            }
        }
        return object.starts_with('/');
    }

    void require(const std::string& object) const {
        if (!is_reachable(object)) refuse(object, "is missing");
    }

    /// A dataset whose elements are all in this file.
    [[nodiscard]] Set open(const std::string& object) const {
        require(object);
        return as_data(object, [&] {
            Set set(H5Dopen2(file.get(), object.c_str(), H5P_DEFAULT), "open " + path + "::" + object);
            const std::string why_not = why_not_read(set, file_bytes);
            if (!why_not.empty()) refuse(object, why_not);
            return set;
        });
    }

    [[nodiscard]] std::vector<std::int64_t> shape_of(const std::string& object, const Set& set) const {
        const Space space(H5Dget_space(set.get()), "read the shape of " + path + "::" + object);
        std::array<hsize_t, H5S_MAX_RANK> dims{};
        const int rank = H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
        if (rank < 0) refuse(object, "has no shape");
        return {dims.begin(), dims.begin() + rank};
    }

    [[nodiscard]] std::size_t elements_of(const std::string& object, const Set& set) const {
        const Space space(H5Dget_space(set.get()), "read the shape of " + path + "::" + object);
        return static_cast<std::size_t>(element_count(space).value_or(0));  // open() has refused what has no count
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
        std::vector<T> values(elements_of(object, set));
        as_data(object, [&] {
            const Type type(H5Dget_type(set.get()), "read its type");
            const H5T_class_t kind = H5Tget_class(type.get());
            if (kind != H5T_INTEGER && kind != H5T_FLOAT) refuse(object, "holds no numbers");
            check(
                H5Dread(set.get(), native_type(halftone::dtype_of<T>()), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
                "read");
        });
        return values;
    }

    /// How many elements an attribute has. They are limited before memory is taken for them.
    [[nodiscard]] std::size_t attribute_elements(const std::string& object, const std::string& name,
                                                 const h5::Attribute& attribute) const {
        const Space space(H5Aget_space(attribute.get()), "read the shape of attribute '" + name + "'");
        const auto elements = element_count(space);
        if (!elements || *elements > kMostAttributeBytes ||
            H5Aget_storage_size(attribute.get()) > kMostAttributeBytes) {
            refuse(object, "attribute '" + name + "' is too large");
        }
        return static_cast<std::size_t>(*elements);
    }

    [[nodiscard]] std::vector<std::string> attributes_of(const std::string& object) const {
        return as_data(object, [&] {
            std::vector<std::string> found;
            hsize_t position = 0;
            check(H5Aiterate_by_name(file.get(), object.c_str(), H5_INDEX_NAME, H5_ITER_INC, &position,
                                     &collect_attribute, &found, H5P_DEFAULT),
                  "list its attributes");
            return found;
        });
    }

    /// Whether the library lists it. One that it does not list may crash it, and the copy of this process cannot know
    /// its name.
    [[nodiscard]] bool has_attribute(const std::string& object, const std::string& name) const {
        const std::vector<std::string> found = attributes_of(object);
        return std::find(found.begin(), found.end(), name) != found.end();
    }

    [[nodiscard]] h5::Attribute attribute(const std::string& object, const std::string& name) const {
        require(object);
        if (!has_attribute(object, name)) refuse(object, "HDF5 cannot read attribute '" + name + "': it is not there");
        return as_data(object, [&] {
            return h5::Attribute(H5Aopen_by_name(file.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                                 "read attribute '" + name + "'");
        });
    }
};

H5Reader::H5Reader(const std::string& path, H5Guard guard) : state_(std::make_unique<State>()) {
    quiet_errors();
    state_->path = path;
    const auto files = make_posix_file_system();
    // Only a regular file: the library would open a device, and wait for a FIFO.
    if (!files->is_file(path)) throw DataError(path + ": no such file");
    state_->file_bytes = files->size(path);
    if (guard == H5Guard::on) {
        state_->was_read_in_copy = read_in_copy_first(path, "", [&] { return read_all(H5Reader(path, H5Guard::off)); });
    }
    if (H5Fis_hdf5(path.c_str()) <= 0) {
        throw DataError(path + ": not an HDF5 file, or cut off" + why());
    }
    try {
        state_->file = File(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open it");
    } catch (const IoError& failure) {
        throw DataError(path + ": " + failure.what());
    }
}

// The library's own driver for files in memory. It works on a copy of the bytes, and writes none of them anywhere.
H5Reader::H5Reader(std::string_view bytes, const std::string& name) : state_(std::make_unique<State>()) {
    quiet_errors();
    state_->path = name;
    state_->file_bytes = bytes.size();
    state_->is_in_memory = true;
    try {
        const List access(H5Pcreate(H5P_FILE_ACCESS), "make a list of properties");
        constexpr std::size_t kGrowth = 4096;
        check(H5Pset_fapl_core(access.get(), kGrowth, false), "read from memory");
        // The library only reads through the pointer; its type lacks the const.
        check(H5Pset_file_image(access.get(), const_cast<char*>(bytes.data()), bytes.size()), "read from memory");
        // A name of its own: the library would take a second file of one name for the first one, while that is open.
        static std::atomic<std::uint64_t> images{0};
        const std::string own_name = name + "#" + std::to_string(images++);
        state_->file = File(H5Fopen(own_name.c_str(), H5F_ACC_RDONLY, access.get()), "open it");
    } catch (const IoError& failure) {
        throw DataError(name + ": not an HDF5 file, or cut off: " + failure.what());
    }
}

H5Reader::~H5Reader() = default;

bool H5Reader::has(const std::string& path) const { return state_->is_reachable(path); }

std::vector<std::string> H5Reader::list(const std::string& group) const {
    state_->require(group);
    return state_->names_in(group);
}

std::vector<std::string> H5Reader::attributes(const std::string& object) const {
    state_->require(object);
    return state_->attributes_of(object);
}

bool H5Reader::has_attribute(const std::string& object, const std::string& name) const {
    return state_->is_reachable(object) && state_->has_attribute(object, name);
}

std::string H5Reader::text_attribute(const std::string& object, const std::string& name) const {
    const h5::Attribute attribute = state_->attribute(object, name);
    return state_->as_data(object, [&] {
        const Type type(H5Aget_type(attribute.get()), "read the type of attribute '" + name + "'");
        // Variable texts are pointers into the file's heap, which the library would follow without our checks. The last
        // test refuses an attribute with several texts, which would not fit the buffer.
        if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0 ||
            state_->attribute_elements(object, name, attribute) != 1) {
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
        std::vector<double> values(state_->attribute_elements(object, name, attribute));
        check(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, values.data()), "read attribute '" + name + "'");
        return values;
    });
}

std::int64_t H5Reader::integer_attribute(const std::string& object, const std::string& name) const {
    const h5::Attribute attribute = state_->attribute(object, name);
    return state_->as_data(object, [&] {
        // Each element becomes 64 bits, however few it has in the file: two would be written behind the variable.
        if (state_->attribute_elements(object, name, attribute) != 1) {
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

std::uint64_t H5Reader::bytes(const std::string& path) const {
    const Set set = state_->open(path);
    return state_->as_data(path, [&] {
        // Neither factor is beyond the limits of why_not_read(), so the product does not wrap.
        const Type type(H5Dget_type(set.get()), "read its type");
        return std::uint64_t{state_->elements_of(path, set)} * H5Tget_size(type.get());
    });
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
        // Neither is 0 where the other is not, and their product is no more than open() found to be stored.
        const std::size_t length = H5Tget_size(type.get());
        std::vector<char> bytes(length * state_->elements_of(path, set));
        check(H5Dread(set.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), "read it");
        std::vector<std::string> texts;
        for (std::size_t i = 0; i < bytes.size(); i += length) texts.push_back(without_padding(&bytes[i], length));
        return texts;
    });
}

void H5Reader::read_rows(const std::string& path, std::int64_t first, std::int64_t count,
                         std::span<std::byte> data) const {
    const Set set = state_->open(path);
    state_->as_data(path, [&] {
        std::vector<std::int64_t> shape = state_->shape_of(path, set);
        // The caller's numbers come from the index, and this file may have been changed since it was compared with it.
        if (shape.empty() || first < 0 || count < 0 || count > shape[0] || first > shape[0] - count) {
            state_->refuse(path, "has too few rows");
        }
        shape[0] = count;
        const Type type(H5Dget_type(set.get()), "read its type");
        const auto elements = std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
        if (!h5::dtype_of(type.get()) || elements * H5Tget_size(type.get()) != data.size()) {
            state_->refuse(path, "has rows of another size");
        }
        const Space in_file(H5Dget_space(set.get()), "read its shape");
        select_rows(in_file, first, count, path);
        check(H5Dread(set.get(), type.get(), space_of(shape, path).get(), in_file.get(), H5P_DEFAULT, data.data()),
              "read it");
    });
}

/// The library closes a file when the last of its objects is closed, so the dataset keeps its file open.
struct H5RowReader::State {
    std::string place;  ///< file::object, for messages
    Set set;
    Type type;
    H5Layout layout;
    bool are_texts = false;
    std::optional<VariableRows> variable{};  ///< where rows have lengths of their own

    /// @throws DataError for a row that the dataset has not
    void require_row(std::int64_t row) const {
        if (row < 0 || row >= layout.shape[0]) throw DataError(place + ": has no row " + std::to_string(row));
    }

    /// Reads one row of elements of the stored type into `data`.
    void read(std::int64_t row, void* data) const {
        require_row(row);
        try {
            const Space in_file(H5Dget_space(set.get()), "read its shape");
            select_rows(in_file, row, 1, place);
            std::vector<std::int64_t> shape = layout.shape;
            shape[0] = 1;
            check(H5Dread(set.get(), type.get(), space_of(shape, place).get(), in_file.get(), H5P_DEFAULT, data),
                  "read row " + std::to_string(row));
        } catch (const IoError& failure) {
            throw DataError(place + ": " + failure.what());
        }
    }
    [[nodiscard]] std::size_t row_bytes() const {
        std::size_t bytes = H5Tget_size(type.get());
        for (std::size_t d = 1; d < layout.shape.size(); ++d) bytes *= static_cast<std::size_t>(layout.shape[d]);
        return bytes;
    }
};

H5RowReader::H5RowReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
H5RowReader::~H5RowReader() = default;
H5RowReader::H5RowReader(H5RowReader&&) noexcept = default;
H5RowReader& H5RowReader::operator=(H5RowReader&&) noexcept = default;

bool H5RowReader::are_texts() const { return state_->are_texts; }
bool H5RowReader::have_lengths() const { return state_->variable && !state_->are_texts; }
const H5Layout& H5RowReader::layout() const { return state_->layout; }

void H5RowReader::read(std::int64_t row, std::span<std::byte> data) const {
    HALFTONE_CHECK(!state_->are_texts && !state_->variable && data.size() == state_->row_bytes(),
                   "room for a row of numbers");
    state_->read(row, data.data());
}

std::vector<std::string> H5RowReader::texts(std::int64_t row) const {
    HALFTONE_CHECK(state_->are_texts, "the dataset holds texts");
    if (state_->variable) {
        const std::string text = row_bytes(row);
        return {without_padding(text.data(), text.size())};
    }
    const std::size_t length = H5Tget_size(state_->type.get());
    std::vector<char> bytes(state_->row_bytes());
    state_->read(row, bytes.data());
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < bytes.size(); i += length) texts.push_back(without_padding(&bytes[i], length));
    return texts;
}

std::string H5RowReader::row_bytes(std::int64_t row) const {
    HALFTONE_CHECK(state_->variable.has_value(), "rows with lengths of their own");
    state_->require_row(row);
    return state_->variable->row(state_->set, row);
}

H5RowReader H5Reader::rows(const std::string& path) const {
    auto rows = std::make_unique<H5RowReader::State>();
    rows->place = state_->path + "::" + path;
    rows->set = state_->open(path);
    state_->as_data(path, [&] { rows->type = Type(H5Dget_type(rows->set.get()), "read its type"); });
    rows->layout.shape = state_->shape_of(path, rows->set);
    if (rows->layout.shape.empty()) state_->refuse(path, "is a single value; its first dimension counts rows");
    const H5T_class_t kind = H5Tget_class(rows->type.get());
    rows->are_texts = kind == H5T_STRING;
    const bool are_variable_texts = rows->are_texts && H5Tis_variable_str(rows->type.get()) > 0;
    if (rows->are_texts && !are_variable_texts) return H5RowReader(std::move(rows));
    const auto read_variable = [&](std::size_t element_bytes) {
        if (state_->is_in_memory)
            state_->refuse(path, "holds rows of variable length, which are read from a disk only");
        state_->as_data(path, [&] {
            rows->variable.emplace(rows->set, state_->path, rows->place, rows->layout.shape, element_bytes);
        });
    };
    if (are_variable_texts) {
        read_variable(1);
        return H5RowReader(std::move(rows));
    }
    std::optional<DType> dtype;
    if (kind == H5T_VLEN) {
        state_->as_data(path, [&] {
            const Type element(H5Tget_super(rows->type.get()), "read the type of its lists");
            dtype = h5::dtype_of(element.get());
        });
    } else {
        dtype = h5::dtype_of(rows->type.get());
    }
    if (!dtype) {
        state_->refuse(path,
                       "holds neither texts nor numbers that are read: float32, float64, int8 to int64, uint8 to "
                       "uint64, little-endian");
    }
    rows->layout.dtype = *dtype;
    if (kind == H5T_VLEN) read_variable(size_of(*dtype));
    return H5RowReader(std::move(rows));
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
