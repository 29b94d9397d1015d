// ParseDecodeCoco: LPOT's reader of the records of COCORecord. Our COCORecord decodes its records itself, so nothing is
// left to do behind it.

#include "data/unchanged_sample.hpp"

namespace halftone {

std::unique_ptr<Transform> make_parse_decode_coco(const ConfigNode& node, Framework) {
    return make_unchanged_sample(node);
}

}  // namespace halftone
