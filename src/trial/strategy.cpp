#include "trial/strategy.hpp"

#include "base/check.hpp"

namespace halftone {

void Strategy::tell_probe(std::int64_t, const ProbeResult&) {
    HALFTONE_CHECK(false, "a result is told to strategies that asked for it");
}

}  // namespace halftone
