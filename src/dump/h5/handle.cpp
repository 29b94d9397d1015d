#include "dump/h5/handle.hpp"

#include <string_view>

#include "dump/h5_writer.hpp"

namespace halftone::h5 {
namespace {

/// Called for each entry of the error stack from the innermost outwards: the innermost tells the cause.
herr_t keep_first(unsigned /*position*/, const H5E_error2_t* error, void* kept) {
    auto& text = *static_cast<std::string*>(kept);
    if (text.empty() && error->desc) text = error->desc;
    return 0;
}

/// Shortens the library's text about a failed system call, which has time, addresses and counts, to what the system
/// said. Of any other text it returns the first line.
std::string shortened(const std::string& text) {
    constexpr std::string_view kBegin = "error message = '";
    const auto begin = text.find(kBegin);
    const auto end = begin == std::string::npos ? begin : text.find('\'', begin + kBegin.size());
    if (end == std::string::npos) return text.substr(0, text.find('\n'));
    return text.substr(begin + kBegin.size(), end - begin - kBegin.size());
}

}  // namespace

std::string why() {
    std::string text;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, &keep_first, &text);
    // Else the next failure would find this one's text below its own.
    H5Eclear2(H5E_DEFAULT);
    return text.empty() ? std::string() : ": " + shortened(text);
}

void quiet_errors() {
    start_hdf5();
    // By default the library prints its whole stack to stderr, also for failures that are expected and handled.
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

}  // namespace halftone::h5

namespace halftone {

void start_hdf5() {
    // Every object has an owner here, so there is nothing to tidy.
    // No plug-ins: a file that names a foreign filter would make the library load code from a folder.
    static const bool is_started = H5dont_atexit() >= 0 && H5open() >= 0 && H5PLset_loading_state(0) >= 0;
    (void)is_started;
}

}  // namespace halftone
