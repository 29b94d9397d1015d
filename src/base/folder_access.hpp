#pragma once
// May this process write where it is about to? Asked without writing anything.

#include <string>

namespace halftone {

/// Checks that files can be made in `folder`, which need not exist: its nearest folder that does must be writable.
/// @throws IoError naming that folder and the reason
void check_writable(const std::string& folder);

}  // namespace halftone
