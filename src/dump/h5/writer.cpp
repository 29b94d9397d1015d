// H5Writer over HDF5's C interface.
//
//   H5Writer            creates PATH.tmp, in memory or on the disk
//   group, attribute, array, table   small contents, written at once; table is array for each column
//   create_rows, write_rows          large datasets, which stay open and are filled row by row
//   virtual_rows, copy               contents that lie in other files
//   commit              closes everything and gives the file its name; without it the destructor removes PATH.tmp
//
// Every call of the library is checked: check() and the handles' constructors throw IoError with the library's reason.
#include "dump/h5_writer.hpp"

#include <hdf5_hl.h>
#include <sys/types.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <string_view>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "dump/h5/crash_guard.hpp"
#include "dump/h5/types.hpp"

namespace halftone {
namespace {

using namespace h5;

// HDF5 reads and unpacks whole chunks: about 1 MiB is large enough to compress well, and small enough to read a part.
constexpr std::size_t kPackedChunkBytes = std::size_t{1} << 20U;
// Higher levels cost several times the time for a few per cent of size.
constexpr unsigned kPackLevel = 4;
// Batches need not end where a chunk ends: the chunk that two batches share must stay in the cache between them.
constexpr std::int64_t kChunksInCache = 2;
constexpr std::size_t kGrowthBytes = std::size_t{1} << 20U;  ///< steps in which a file in memory grows

std::int64_t product(const std::vector<std::int64_t>& shape) {
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// Returns the length of the longest text, but at least 1: HDF5 has no texts of length 0.
std::size_t longest(const std::vector<std::string>& texts) {
    std::size_t length = 1;
    for (const std::string& text : texts) length = std::max(length, text.size());
    return length;
}

/// Texts side by side, each padded with zeros.
std::string padded(const std::vector<std::string>& texts, std::size_t length) {
    std::string bytes(length * texts.size(), '\0');
    for (std::size_t i = 0; i < texts.size(); ++i) std::copy(texts[i].begin(), texts[i].end(), &bytes[i * length]);
    return bytes;
}

/// The elements' type and where they lie.
struct Raw {
    Type owned;  ///< where the type is of our making
    hid_t type = -1;
    std::string text;  ///< padded texts
    const void* data = nullptr;
    std::size_t element_bytes = 1;
};

/// Texts and codes need a type made for them; numbers use one of the library's own.
Raw raw_of(const H5Elements& elements) {
    Raw raw;
    std::visit(
        [&](const auto& values) {
            using Values = std::decay_t<decltype(values)>;
            if constexpr (std::is_same_v<Values, std::vector<std::string>>) {
                raw.element_bytes = longest(values);
                raw.owned = text_type(raw.element_bytes);
                raw.text = padded(values, raw.element_bytes);
                raw.data = raw.text.data();
            } else if constexpr (std::is_same_v<Values, H5Codes>) {
                raw.owned = code_type(values.names);
                raw.data = values.codes.data();
            } else {
                raw.type = native_type(halftone::dtype_of<typename Values::value_type>());
                raw.element_bytes = sizeof(typename Values::value_type);
                raw.data = values.data();
            }
        },
        elements);
    if (raw.owned.is_open()) raw.type = raw.owned.get();
    return raw;
}

}  // namespace

std::size_t size_of(const H5Elements& elements) {
    return std::visit(
        [](const auto& values) {
            if constexpr (std::is_same_v<std::decay_t<decltype(values)>, H5Codes>) {
                return values.codes.size();
            } else {
                return values.size();
            }
        },
        elements);
}

struct H5Writer::State {
    std::string path;
    std::string temporary;
    File file;
    std::map<std::string, Set> filling;  ///< datasets of create_rows
    bool is_in_memory = true;
    bool is_committed = false;

    /// Never throws, because destructors call it. A file that stays behind must not hide the first error.
    void remove_temporary() const noexcept {
        if (is_in_memory) return;
        try {
            const auto files = make_posix_file_system();
            if (files->exists(temporary)) files->remove(temporary);
        } catch (const IoError&) {
        }
    }

    [[nodiscard]] std::string at(const std::string& object) const { return temporary + "::" + object; }

    /// Without times: equal contents give equal files.
    [[nodiscard]] static List creation_list(hid_t kind) {
        List list(H5Pcreate(kind), "make a property list");
        // HDF5 would store the time of creation with every object.
        check(H5Pset_obj_track_times(list.get(), false), "set a property");
        return list;
    }

    [[nodiscard]] List link_list() const {
        List list(H5Pcreate(H5P_LINK_CREATE), "make a property list");
        // "/a/b/c" creates "/a" and "/a/b" where they are missing.
        check(H5Pset_create_intermediate_group(list.get(), 1), "set a property");
        return list;
    }

    /// Creation in the order that it is listed in.
    [[nodiscard]] Set create(const std::string& object, hid_t type, const Space& space, const List& how,
                             const List& access) {
        return {H5Dcreate2(file.get(), object.c_str(), type, space.get(), link_list().get(), how.get(), access.get()),
                "create " + at(object)};
    }
};

H5Writer::H5Writer(const std::string& path, H5Growth growth) : state_(std::make_unique<State>()) {
    quiet_errors();
    state_->path = path;
    state_->temporary = path + ".tmp";
    state_->is_in_memory = growth == H5Growth::in_memory;
    const List how = State::creation_list(H5P_FILE_CREATE);
    // Readers list units and columns in the order in which they were written, and not by name.
    check(H5Pset_link_creation_order(how.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), "set a property");
    const List access(H5Pcreate(H5P_FILE_ACCESS), "make a property list");
    // The driver "core" keeps the file in memory; `false`: it does not write it to the disk on closing, commit() does.
    if (state_->is_in_memory) check(H5Pset_fapl_core(access.get(), kGrowthBytes, false), "set a property");
    const hid_t id = H5Fcreate(state_->temporary.c_str(), H5F_ACC_TRUNC, how.get(), access.get());
    if (id < 0) {
        const std::string reason = why();
        state_->remove_temporary();
        throw IoError("HDF5 cannot create '" + state_->temporary + "'" + reason);
    }
    state_->file = File(id, "");
}

H5Writer::~H5Writer() {
    if (state_->is_committed) return;
    if (!state_->is_in_memory) {
        // Something failed, most likely a write; HDF5 1.10 may crash when it tries that again on closing.
        for (auto& [path, set] : state_->filling) set.abandon();
        state_->file.abandon();
    }
    state_->remove_temporary();
}

void H5Writer::group(const std::string& path, const std::string& description) {
    // The group is closed before attribute() opens it again.
    {
        const List how = State::creation_list(H5P_GROUP_CREATE);
        check(H5Pset_link_creation_order(how.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), "set a property");
        const Group group(
            H5Gcreate2(state_->file.get(), path.c_str(), state_->link_list().get(), how.get(), H5P_DEFAULT),
            "create " + state_->at(path));
    }
    attribute(path, "description", description);
}

void H5Writer::attribute(const std::string& object, const std::string& name, const H5Attribute& value) {
    const std::string what = "write attribute '" + name + "' of " + state_->at(object);
    // H5Oopen opens groups and datasets alike.
    const Object owner(H5Oopen(state_->file.get(), object.c_str(), H5P_DEFAULT), what);
    const auto write = [&](hid_t type, const Space& space, const void* data) {
        const h5::Attribute made(H5Acreate2(owner.get(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                                 what);
        check(H5Awrite(made.get(), type, data), what);
    };
    const Space one(H5Screate(H5S_SCALAR), what);
    std::visit(
        [&](const auto& held) {
            using Held = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, std::string>) {
                const Type type = text_type(held.size());
                const std::string bytes = padded({held}, std::max<std::size_t>(1, held.size()));
                write(type.get(), one, bytes.data());
            } else if constexpr (std::is_arithmetic_v<Held>) {
                write(native_type(halftone::dtype_of<Held>()), one, &held);
            } else {
                write(native_type(halftone::dtype_of<typename Held::value_type>()),
                      space_of({static_cast<std::int64_t>(held.size())}, what), held.data());
            }
        },
        value);
}

void H5Writer::array(const H5Array& array) {
    const std::string what = state_->at(array.path);
    std::vector<std::int64_t> shape = array.shape;
    if (shape.empty()) shape.push_back(static_cast<std::int64_t>(size_of(array.elements)));
    HALFTONE_CHECK(std::cmp_equal(product(shape), size_of(array.elements)), "an array has its shape's elements");
    const Raw raw = raw_of(array.elements);
    const List how = State::creation_list(H5P_DATASET_CREATE);
    // An empty dataset has no chunks to pack, and a chunk with a side of 0 is an error.
    if (array.is_packed && product(shape) > 0) {
        std::vector<hsize_t> chunk(shape.begin(), shape.end());
        const auto row = static_cast<std::size_t>(product(shape) / shape[0]) * raw.element_bytes;
        // As many whole rows as fit; one where a single row is larger.
        chunk[0] = std::clamp<hsize_t>(kPackedChunkBytes / row, 1, chunk[0]);
        check(H5Pset_chunk(how.get(), static_cast<int>(chunk.size()), chunk.data()), "chunk " + what);
        // Shuffling puts the first bytes of all elements together, then the second ones: these compress better.
        check(H5Pset_shuffle(how.get()), "shuffle " + what);
        check(H5Pset_deflate(how.get(), kPackLevel), "compress " + what);
    }
    const List access(H5Pcreate(H5P_DATASET_ACCESS), "make a property list");
    {
        const Set set = state_->create(array.path, raw.type, space_of(shape, what), how, access);
        if (product(shape) > 0)
            check(H5Dwrite(set.get(), raw.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data), "write " + what);
        for (std::size_t d = 0; d < array.scales.size(); ++d) {
            // A table's first column names itself as its scale; it becomes one when the second column attaches to it.
            if (array.scales[d].empty() || array.scales[d] == array.path) continue;
            const Set scale(H5Dopen2(state_->file.get(), array.scales[d].c_str(), H5P_DEFAULT),
                            "open a scale of " + what);
            if (H5DSis_scale(scale.get()) <= 0) check(H5DSset_scale(scale.get(), nullptr), "make a scale of " + what);
            check(H5DSattach_scale(set.get(), scale.get(), static_cast<unsigned>(d)), "attach a scale to " + what);
        }
    }
    attribute(array.path, "description", array.description);
    if (!array.units.empty()) attribute(array.path, "units", array.units);
}

void H5Writer::table(const std::string& path, const std::string& description, const std::vector<H5Column>& columns) {
    group(path, description);
    const std::string first = path + "/" + columns.front().name;
    for (const H5Column& column : columns) {
        array({.path = path + "/" + column.name,
               .description = column.description,
               .units = column.units,
               .elements = column.elements,
               .shape = {},
               .scales = {first}});
    }
}

void H5Writer::create_rows(const H5Rows& rows) {
    const std::string what = state_->at(rows.path);
    const List how = State::creation_list(H5P_DATASET_CREATE);
    std::vector<hsize_t> chunk(rows.shape.begin(), rows.shape.end());
    chunk[0] = static_cast<hsize_t>(std::clamp<std::int64_t>(rows.chunk_rows, 1, rows.shape[0]));
    // Chunks hold whole samples, so that a reader of few samples reads little.
    check(H5Pset_chunk(how.get(), static_cast<int>(chunk.size()), chunk.data()), "chunk " + what);
    // Every element is written: fill values would only be written over.
    check(H5Pset_fill_time(how.get(), H5D_FILL_TIME_NEVER), "set the fill time of " + what);
    List access(H5Pcreate(H5P_DATASET_ACCESS), "make a property list");
    std::size_t cache = 0;  // straight to the file
    if (rows.gzip > 0) {
        check(H5Pset_deflate(how.get(), static_cast<unsigned>(rows.gzip)), "compress " + what);
        const std::int64_t row = product(rows.shape) / rows.shape[0];
        cache = static_cast<std::size_t>(kChunksInCache * row * static_cast<std::int64_t>(chunk[0])) *
                halftone::size_of(rows.dtype);
    } else {
        // With all room allocated at once, a full disk shows at the start and not after an hour.
        check(H5Pset_alloc_time(how.get(), H5D_ALLOC_TIME_EARLY), "set the allocation time of " + what);
    }
    check(H5Pset_chunk_cache(access.get(), H5D_CHUNK_CACHE_NSLOTS_DEFAULT, cache, 1), "set the cache of " + what);
    state_->filling[rows.path] =
        state_->create(rows.path, native_type(rows.dtype), space_of(rows.shape, what), how, access);
}

void H5Writer::write_rows(const std::string& path, std::int64_t first, std::int64_t count, const std::byte* data) {
    const std::string what = state_->at(path);
    const auto found = state_->filling.find(path);
    HALFTONE_CHECK(found != state_->filling.end(), "rows are created before they are written");
    const Set& set = found->second;
    const Space in_file(H5Dget_space(set.get()), "read the space of " + what);
    select_rows(in_file, first, count, what);
    // The rows in memory have the dataset's shape but for the first dimension.
    std::vector<hsize_t> dims(H5S_MAX_RANK);
    dims.resize(static_cast<std::size_t>(H5Sget_simple_extent_dims(in_file.get(), dims.data(), nullptr)));
    dims[0] = static_cast<hsize_t>(count);
    const Space in_memory = space_of(std::vector<std::int64_t>(dims.begin(), dims.end()), what);
    const Type type(H5Dget_type(set.get()), "read the type of " + what);
    check(H5Dwrite(set.get(), type.get(), in_memory.get(), in_file.get(), H5P_DEFAULT, data), "write " + what);
}

void H5Writer::virtual_rows(const H5Rows& rows, const std::vector<H5Source>& sources) {
    const std::string what = state_->at(rows.path);
    const List how = State::creation_list(H5P_DATASET_CREATE);
    const Space all = space_of(rows.shape, what);
    for (const H5Source& source : sources) {
        select_rows(all, source.first, source.rows, what);
        std::vector<std::int64_t> shape = rows.shape;
        shape[0] = source.rows;
        check(
            H5Pset_virtual(how.get(), all.get(), source.file.c_str(), source.path.c_str(), space_of(shape, what).get()),
            "point " + what + " to " + source.file);
    }
    // The selections above belong to the mappings; the dataset itself is created with all of its space.
    check(H5Sselect_all(all.get()), "select all of " + what);
    const List access(H5Pcreate(H5P_DATASET_ACCESS), "make a property list");
    const Set set = state_->create(rows.path, native_type(rows.dtype), all, how, access);
}

void H5Writer::copy(const std::string& file, const std::string& from, const std::string& to) {
    const auto copy = [&] {
        const File other(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open '" + file + "'");
        check(
            H5Ocopy(other.get(), from.c_str(), state_->file.get(), to.c_str(), H5P_DEFAULT, state_->link_list().get()),
            "copy " + file + "::" + from + " to " + state_->at(to));
        return true;
    };
    // The library copies more than a reader asks for. A writer on the disk has one file with the copy of this process.
    HALFTONE_CHECK(state_->is_in_memory, "files that others are copied into are built in memory");
    read_in_copy_first(file, "::" + from, copy);
    copy();
}

void H5Writer::commit() {
    // Closing a dataset writes what is in its cache, and so it may fail: it must happen before the file is judged.
    for (auto& [path, set] : state_->filling) set.close(state_->at(path));
    state_->filling.clear();
    if (state_->is_in_memory) {
        check(H5Fflush(state_->file.get(), H5F_SCOPE_GLOBAL), "complete '" + state_->path + "'");
        // Called without a buffer, the function returns the size that it needs.
        const ssize_t size = H5Fget_file_image(state_->file.get(), nullptr, 0);
        std::string image(static_cast<std::size_t>(std::max<ssize_t>(size, 0)), '\0');
        if (size < 0 || H5Fget_file_image(state_->file.get(), image.data(), image.size()) < 0) {
            throw IoError("HDF5 cannot complete '" + state_->path + "'" + why());
        }
        make_posix_file_system()->write_atomically(state_->path, image);
        state_->is_committed = true;
        trust_file(state_->path);
        return;
    }
    state_->file.close("'" + state_->temporary + "'");
    make_posix_file_system()->commit(state_->temporary, state_->path);
    state_->is_committed = true;
    trust_file(state_->path);
}

}  // namespace halftone
