#pragma once
// The standard streams of the program: the caller may have closed them, and output to them may be lost.

#include <string>

namespace halftone {

/// Replaces standard streams that the caller has closed ("2>&-"). Otherwise the next file that the program opens,
/// perhaps the journal, would get their number, and messages would go into that file. Output to a missing stderr is
/// lost without an error; output to a missing stdout is an error. Call it before anything else.
void open_missing_streams();

/// Writes the buffered output to stdout. @throws IoError when any of the output could not be written, for example
/// because the disk of "> tune.yaml" is full
void finish_stdout();

/// Writes a line to stderr. Never throws, so that a message that cannot be written does not change the exit code.
void write_message(const std::string& line) noexcept;

}  // namespace halftone
