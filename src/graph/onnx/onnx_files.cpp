#include "graph/onnx/onnx_files.hpp"

#include <algorithm>
#include <string_view>

#include "base/error.hpp"
#include "base/mapped_files.hpp"

namespace halftone {
namespace {

constexpr std::string_view kDataEnd = ".data";
constexpr std::string_view kTemporaryEnd = ".tmp";
constexpr std::size_t kHashDigits = 16;

std::uint64_t page_behind(std::uint64_t offset) {
    return (offset + OnnxFiles::kAlignment - 1) / OnnxFiles::kAlignment * OnnxFiles::kAlignment;
}

/// STEM-HASH.data, what a killed writer left of it, and nothing else that a user may have called so by chance.
bool is_data_of(std::string_view name, std::string_view stem) {
    if (name.ends_with(kTemporaryEnd)) name.remove_suffix(kTemporaryEnd.size());
    if (name.size() != stem.size() + 1 + kHashDigits + kDataEnd.size()) return false;
    if (!name.starts_with(stem) || name[stem.size()] != '-' || !name.ends_with(kDataEnd)) return false;
    const std::string_view digits = name.substr(stem.size() + 1, kHashDigits);
    return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void append_tensors(FileSystem& files, const std::string& path, const std::vector<Tensor>& data) {
    const auto file = files.open_append(path);
    for (const Tensor& tensor : data) {
        file->append({reinterpret_cast<const char*>(tensor.view().data), tensor.bytes()});
        file->append(std::string(page_behind(tensor.bytes()) - tensor.bytes(), '\0'));
    }
}

void write_data(FileSystem& files, const std::string& path, const std::vector<Tensor>& data) {
    const std::string temporary = path + std::string(kTemporaryEnd);
    if (files.exists(temporary)) files.remove(temporary);
    try {
        append_tensors(files, temporary, data);
        files.commit(temporary, path);
    } catch (const IoError&) {
        // The disk is full, perhaps: gigabytes that nobody can use would keep it so.
        if (files.exists(temporary)) files.remove(temporary);
        throw;
    }
}

}  // namespace

std::uint64_t OnnxFiles::add(const Tensor& tensor) {
    const std::uint64_t begin = data_bytes;
    data.push_back(tensor);
    data_bytes += page_behind(tensor.bytes());
    return begin;
}

std::uint64_t write_onnx(FileSystem& files, const std::string& path, const Graph& graph, std::uint64_t most) {
    const std::size_t slash = path.rfind('/');
    const std::string prefix = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    const std::string stem = path.substr(prefix.size());
    const OnnxFiles model = export_onnx_files(graph, stem, most);
    if (!model.data_name.empty()) {
        // Found out before gigabytes are written for it.
        if (files.is_directory(path)) throw IoError("cannot write " + path + ": it is a folder");
        write_data(files, prefix + model.data_name, model.data);
    }
    check_mapped_files();  // the weights were copied from files that nobody changed meanwhile
    files.write_atomically(path, model.message);
    for (const std::string& name : files.list(prefix.empty() ? "." : prefix)) {
        if (is_data_of(name, stem) && name != model.data_name) files.remove(prefix + name);
    }
    return model.bytes();
}

}  // namespace halftone
