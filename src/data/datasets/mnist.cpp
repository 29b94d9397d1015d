// MNIST: 60,000 + 10,000 grey images of digits, 28 x 28, 10 classes. (LPOT reads an mnist.npz; we read the IDX files.)

#include "data/image_label_files.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_mnist(const ConfigNode& node) { return make_image_label_files("MNIST", node); }

}  // namespace halftone
