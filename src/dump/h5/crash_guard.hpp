#pragma once
// Keeps a crash of the HDF5 library away from this process. HDF5 1.10 crashes on some damaged files by itself, so a
// copy of this process reads each file first that this process has not written. Private to the room dump.
//
// What a guard cannot see: a file that another process changes between the two readings, and a fault of the library
// that writes to wrong memory without crashing the copy.

#include <functional>
#include <string>

namespace halftone::h5 {

/// Lets a copy of this process read a file, once for each file (as FileIdentity says) and each `what`.
/// @param path     of a file that exists
/// @param what     names the reading, and stands for it in messages after the path: "", "::/units"
/// @param reading  what the library will be asked to do; only the copy calls it. It may throw: this process will meet
///                 the same error, and say it. Returns whether the whole file was read
/// @return whether the whole file was read; true for a file that this process wrote
/// @throws DataError "path: HDF5 … could not read it without a crash" when the copy crashed or did not end
/// @throws IoError   when the system makes no copy
bool read_in_copy_first(const std::string& path, const std::string& what, const std::function<bool()>& reading);

/// From now on the file counts as read, because this process has just written it.
void trust_file(const std::string& path);

}  // namespace halftone::h5
