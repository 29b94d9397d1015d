#include "data/data_files.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/path.hpp"
#include "base/text.hpp"

namespace halftone {
namespace {

/// No camera makes larger pictures, and a file of this size is still read within a second.
constexpr std::uint64_t kMostPictureBytes = std::uint64_t{256} << 20U;

}  // namespace

std::string read_data_file(const std::string& path) {
    try {
        return make_posix_file_system()->read(path, kMostPictureBytes);
    } catch (const IoError& error) {
        throw DataError(error.what());
    }
}

void add_file(Hasher& hasher, const std::string& path, std::uint64_t part) {
    const auto files = make_posix_file_system();
    const std::uint64_t bytes = files->size(path);
    const std::uint64_t hashed = std::min(bytes, part);
    hasher.add(bytes).add(std::string_view(files->read_part(path, 0, hashed)));
    hasher.add(std::string_view(files->read_part(path, bytes - hashed, hashed)));
}

std::string path_in_folder(const std::string& folder, const std::string& name) {
    if (name.empty()) throw DataError("names no file");
    if (name.find('\0') != std::string::npos) throw DataError("names a file with a NUL");
    // By the text alone, before any file is touched: "a/../../x" must not depend on what "a" is.
    if (is_absolute_path(name)) throw DataError("names the absolute path '" + name + "'");
    for (const std::string& part : split(name, '/')) {
        if (part == "..") throw DataError("names '" + name + "', outside of " + folder);
    }
    return joined_path(folder, name);
}

std::string extension_of(const std::string& name) {
    const std::size_t dot = name.rfind('.');
    std::string extension = dot == std::string::npos ? "" : name.substr(dot);
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

bool is_picture_file(const std::string& path) {
    const std::string extension = extension_of(path);
    for (const char* unread : {".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".jp2"}) {
        if (extension == unread) throw DataError(path + ": pictures of this kind are not read; JPEG and PNG are");
    }
    return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

void require_folder(const std::string& dataset, const std::string& path) {
    if (make_posix_file_system()->is_directory(path)) return;
    throw DataError(dataset + ": the folder " + path +
                    " does not exist; its data belongs there (nothing is downloaded)");
}

}  // namespace halftone
