#pragma once
// RAII over HDF5's C interface, and its errors as ours. Private to the room dump.

#include <hdf5.h>

#include <string>
#include <utility>

#include "base/error.hpp"

namespace halftone::h5 {

/// "because …": the innermost message of HDF5's error stack.
[[nodiscard]] std::string why();
/// Errors are asked for, never printed by the library. Call before anything else of HDF5.
void quiet_errors();

/// An id that is closed with its owner. Close returns an error only where data could not be written: who must know
/// calls close().
template <herr_t (*Close)(hid_t)>
class Handle {
public:
    Handle() = default;
    /// @param what  "create a.h5::/x", for the message. @throws IoError if the id is none
    Handle(hid_t id, const std::string& what) : id_(id) {
        if (id < 0) throw IoError("HDF5 cannot " + what + why());
    }
    Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(id_, other.id_);
        return *this;
    }
    ~Handle() {
        if (id_ >= 0) Close(id_);
    }
    [[nodiscard]] hid_t get() const { return id_; }
    /// Forgets the id without closing it.
    void abandon() { id_ = -1; }
    [[nodiscard]] bool is_open() const { return id_ >= 0; }
    /// @throws IoError when what was written does not reach the file
    void close(const std::string& what) {
        const hid_t id = std::exchange(id_, -1);
        if (id >= 0 && Close(id) < 0) throw IoError("HDF5 cannot close " + what + why());
    }

private:
    hid_t id_ = -1;
};

using File = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using Set = Handle<H5Dclose>;
using Space = Handle<H5Sclose>;
using Type = Handle<H5Tclose>;
using List = Handle<H5Pclose>;
using Object = Handle<H5Oclose>;
using Attribute = Handle<H5Aclose>;

/// @throws IoError "HDF5 cannot <what>: <reason>" for a negative status
inline void check(herr_t status, const std::string& what) {
    if (status < 0) throw IoError("HDF5 cannot " + what + why());
}

}  // namespace halftone::h5
