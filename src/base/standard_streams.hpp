#pragma once
// The three streams that a program is started with: they may be missing, and what is written to them may be lost.

#include <string>

namespace halftone {

/// Puts something in the place of standard streams that the caller has closed ("2>&-"). Otherwise the next file that
/// the program opens, perhaps the journal, would be what messages are written to. What is written to a missing stderr
/// is lost without an error; writing to a missing stdout is an error. Call it before anything else.
void open_missing_streams();

/// Writes out what is buffered for stdout. @throws IoError when any of the output could not be written: a full disk
/// behind "> tune.yaml" shows here at the latest
void finish_stdout();

/// Writes a line to stderr. Never throws: a message that cannot be written must not end the program in another way.
void write_message(const std::string& line) noexcept;

}  // namespace halftone
