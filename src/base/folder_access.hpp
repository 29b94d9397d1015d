#pragma once
// Checks whether this process may write in a folder, without writing anything.

#include <string>

namespace halftone {

/// Checks that files can be made in `folder`. If it does not exist, its nearest existing folder must be writable.
/// @throws IoError naming that folder and the reason
void check_writable(const std::string& folder);

}  // namespace halftone
