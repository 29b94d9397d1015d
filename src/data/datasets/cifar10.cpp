// CIFAR10: 50,000 + 10,000 pictures of ten classes.

#include "data/cifar_files.hpp"

namespace halftone {

std::unique_ptr<Dataset> make_cifar10(const ConfigNode& node) {
    return make_cifar(
        {.word = "CIFAR10",
         .kind = kCifar10,
         .binary_folder = "cifar-10-batches-bin",
         .python_folder = "cifar-10-batches-py",
         .training_files = {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"},
         .test_files = {"test_batch"}},
        node);
}

}  // namespace halftone
