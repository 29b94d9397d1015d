#pragma once
// A file that a command will write: refused before any work is done for it.

#include <string>
#include <vector>

namespace halftone {

/// Checks that a command may write a whole file at `path`. Nothing is written or created, and the free space on the
/// disk is not checked.
/// @param option  how the user named the path, for the messages, such as "--output"
/// @param inputs  files that the command reads. None of them may be the output, not even through a link: the user's
///                model or plan would be lost
/// @throws ConfigError for an empty path, or the path of an input
/// @throws IoError for a folder, a device, a FIFO, or a file in a folder that does not exist
void check_output_file(const std::string& option, const std::string& path, const std::vector<std::string>& inputs);

}  // namespace halftone
