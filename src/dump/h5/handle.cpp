#include "dump/h5/handle.hpp"

namespace halftone::h5 {
namespace {

herr_t keep_first(unsigned /*position*/, const H5E_error2_t* error, void* kept) {
    auto& text = *static_cast<std::string*>(kept);
    if (text.empty() && error->desc) text = error->desc;
    return 0;
}

}  // namespace

std::string why() {
    std::string text;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, &keep_first, &text);
    H5Eclear2(H5E_DEFAULT);
    return text.empty() ? std::string() : ": " + text;
}

void quiet_errors() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

}  // namespace halftone::h5
