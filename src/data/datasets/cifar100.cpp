// CIFAR100: 50,000 + 10,000 pictures of a hundred classes. The label is the fine class, as in LPOT.

#include "data/cifar_files.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_cifar100(const ConfigNode& node) {
    return make_cifar({.word = "CIFAR100",
                       .kind = kCifar100,
                       .binary_folder = "cifar-100-binary",
                       .python_folder = "cifar-100-python",
                       .training_files = {"train"},
                       .test_files = {"test"}},
                      node);
}

}  // namespace halftone
