#include "data/formats/cifar_batch.hpp"

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "data/formats/pickle.hpp"

namespace halftone {
namespace {

[[noreturn]] void refuse_batch(const std::string& name, const std::string& what) {
    throw DataError(name + ": " + what);
}

/// The labels of a pickled batch: a list of small integers.
std::vector<std::uint8_t> labels_of(const Pickle& pickle, std::string_view key, const std::string& name) {
    const PickleValue* list = pickle.find(key);
    if (list == nullptr || list->kind != PickleValue::Kind::list) {
        refuse_batch(name, fmt::format("holds no list '{}'", key));
    }
    std::vector<std::uint8_t> labels;
    for (const std::size_t item : list->items) {
        const PickleValue& label = pickle.values.at(item);
        if (label.kind != PickleValue::Kind::integer || label.integer < 0 || label.integer > 255) {
            refuse_batch(name, fmt::format("record {}: its label is no number from 0 to 255", labels.size()));
        }
        labels.push_back(static_cast<std::uint8_t>(label.integer));
    }
    return labels;
}

/// The bytes of the array `data`. NumPy stores version, shape, type, whether it is in Fortran's order, and bytes.
std::string_view pixels_of_pickle(const Pickle& pickle, const std::string& name) {
    // Every step may be missing in a pickle that somebody made up, so each is asked for and none is assumed.
    const PickleValue* array = pickle.find("data");
    const bool is_array = array != nullptr && array->kind == PickleValue::Kind::array;
    const PickleValue* type = is_array ? pickle.item(*array, 2) : nullptr;
    const PickleValue* is_fortran = is_array ? pickle.item(*array, 3) : nullptr;
    const PickleValue* bytes = is_array ? pickle.item(*array, 4) : nullptr;
    const PickleValue* type_name = type != nullptr ? pickle.item(*type, 0) : nullptr;
    if (type_name == nullptr || type_name->text != "u1" || bytes == nullptr || is_fortran->integer != 0) {
        refuse_batch(name, "holds no array 'data' of bytes, picture after picture");
    }
    return bytes->text;
}

}  // namespace

CifarBatch parse_cifar_binary(std::string_view bytes, CifarKind kind, const std::string& name) {
    // The binary form has no header: only the size tells whether the file is whole.
    const std::size_t record = kind.label_bytes + CifarBatch::kPictureBytes;
    if (bytes.empty() || bytes.size() % record != 0) {
        refuse_batch(name, fmt::format("has {} bytes, which is no multiple of a record's {}: truncated, or no binary "
                                       "version of CIFAR",
                                       bytes.size(), record));
    }
    CifarBatch batch;
    batch.pixels.reserve(bytes.size());
    ByteReader reader(bytes, name);
    while (!reader.at_end()) {
        const std::string_view labels = reader.get_bytes(kind.label_bytes);
        // The last byte in front of the pixels: of CIFAR-100's two it is the fine class.
        batch.labels.push_back(static_cast<std::uint8_t>(labels.back()));
        batch.pixels += reader.get_bytes(CifarBatch::kPictureBytes);
    }
    return batch;
}

CifarBatch parse_cifar_pickle(std::string_view bytes, CifarKind kind, const std::string& name) {
    const Pickle pickle = parse_pickle(bytes, name);
    CifarBatch batch;
    batch.labels = labels_of(pickle, kind.label_key, name);
    const std::string_view pixels = pixels_of_pickle(pickle, name);
    if (batch.labels.empty() || pixels.size() != batch.labels.size() * CifarBatch::kPictureBytes) {
        refuse_batch(name, fmt::format("has {} labels and {} bytes of pixels; a picture has {}", batch.labels.size(),
                                       pixels.size(), CifarBatch::kPictureBytes));
    }
    batch.pixels = pixels;
    return batch;
}

}  // namespace halftone
