#pragma once
// oneDNN's CPU engine, the thread count of this process, and the one place where its exceptions become ours.

#include <new>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/op.hpp"
#include "oneapi/dnnl/dnnl.hpp"

namespace halftone::onednn {

/// The process's CPU engine (stateless). First use raises the primitive cache's capacity.
[[nodiscard]] const dnnl::engine& cpu_engine();

/// Runs `body`; what oneDNN throws there is our bug, because supports() was asked before.
template <class Body>
auto checked(const std::string& what, Body body) {
    try {
        return body();
    } catch (const dnnl::error& error) {
        // The budget allowed it and the operating system did not, as with memory of our own.
        if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
        HALFTONE_CHECK(false, what + ": oneDNN: " + error.what());
        throw;  // unreachable: the check above always throws
    }
}

/// Yes when `make_descriptor` succeeds; oneDNN says only that it has no implementation, so `what` names the case.
template <class Body>
Support attempt(const std::string& what, Body make_descriptor) {
    try {
        apply_kernel_threads();
        (void)make_descriptor();
        return Support::yes();
    } catch (const dnnl::error& error) {
        return Support::no("oneDNN has no implementation of " + what + " (" + error.what() + ")");
    }
}

}  // namespace halftone::onednn
