// RandomHorizontalFlip: left and right exchanged in a share p of the pictures. Source: torchvision.transforms.

#include "data/random_flip.hpp"

namespace halftone {

std::unique_ptr<Transform> make_random_horizontal_flip(const ConfigNode& node, Framework) {
    return make_random_flip(node, false);
}

}  // namespace halftone
