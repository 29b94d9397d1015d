// ToArray: LPOT's conversion of an image object to an array. Our samples are arrays: nothing changes.

#include "data/unchanged_sample.hpp"

namespace halftone {

std::unique_ptr<Transform> make_to_array(const ConfigNode& node, Framework) { return make_unchanged_sample(node); }

}  // namespace halftone
