// FashionMNIST: 60,000 + 10,000 grey images of clothes, 28 x 28, 10 classes, in MNIST's files.

#include "data/image_label_files.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_fashion_mnist(const ConfigNode& node) {
    return make_image_label_files("FashionMNIST", node);
}

}  // namespace halftone
