#pragma once
// Files of data sets: finding them, reading them as the data's fault, their identity.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"

namespace halftone {

/// Returns the bytes of a picture's file, of at most 256 MiB.
/// @throws DataError when it cannot be read: it was there when the data set was opened, so this is the data's fault
[[nodiscard]] std::string read_data_file(const std::string& path);

/// Adds a file's size and its first and last `part` bytes. A hash of all bytes would read the whole data set at every
/// start. The file's name is not added: only the caller knows which part of its path belongs to the data set.
void add_file(Hasher& hasher, const std::string& path, std::uint64_t part);

/// Joins a folder of the config and a name that stands in a file of the data set, such as an annotation.
/// @throws DataError when the name is empty, absolute or leads out of the folder by "..": whoever wrote that file must
///         not choose what else is opened. Links in the folder are followed; they are the user's own.
[[nodiscard]] std::string path_in_folder(const std::string& folder, const std::string& name);

/// Returns the end of a file's name in lower case, with its dot: ".jpg"; empty if there is none.
[[nodiscard]] std::string extension_of(const std::string& name);

/// Returns whether a file's name is that of a JPEG or PNG picture.
/// @throws DataError for a picture of another kind. Leaving it out without a word would make another data set.
[[nodiscard]] bool is_picture_file(const std::string& path);

/// Checks a folder that a data set needs. @throws DataError "<dataset>: the folder <path> does not exist"
void require_folder(const std::string& dataset, const std::string& path);

}  // namespace halftone
