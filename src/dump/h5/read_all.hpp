#pragma once
// Reads what is in an HDF5 file by every function of H5Reader, and forgets it: what a copy of this process does before
// the process itself reads the file (crash_guard), and what the fuzz target h5 does. Private to the room dump.

#include <string>

#include "dump/h5_reader.hpp"

namespace halftone::h5 {

/// Reads one object: its attributes; of a dataset its layout, its first and its last row, and all its elements if they
/// have at most 8 MiB. What is refused is left out.
void read_object(const H5Reader& file, const std::string& path);

/// Reads all objects, group by group from the root on. It stops after five seconds, after 20,000 objects, and leaves
/// out what lies more than 16 groups deep. Returns whether every object was read.
bool read_all(const H5Reader& file);

}  // namespace halftone::h5
