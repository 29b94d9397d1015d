// Any bytes as a file of CIFAR, in the binary and the Python version: refused with a DataError, or a picture for each
// label.
#include "base/error.hpp"
#include "data/formats/cifar_batch.hpp"
#include "data/formats/pickle.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

void check_batch(CifarBatch (*parse)(std::string_view, CifarKind, const std::string&), std::string_view bytes,
                 CifarKind kind) {
    try {
        const CifarBatch batch = parse(bytes, kind, "fuzz");
        expect(batch.pixels.size() == batch.labels.size() * CifarBatch::kPictureBytes, "a label has no picture");
        expect(!batch.labels.empty(), "a batch without pictures is accepted");
    } catch (const DataError&) {
        return;
    }
}

void run_cifar(std::string_view bytes) {
    for (const CifarKind kind : {kCifar10, kCifar100}) {
        check_batch(&parse_cifar_binary, bytes, kind);
        check_batch(&parse_cifar_pickle, bytes, kind);
    }
    try {
        const Pickle pickle = parse_pickle(bytes, "fuzz");
        for (const PickleValue& value : pickle.values) {
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                expect(pickle.item(value, i) != nullptr, "a pickle's value has an item that is none");
            }
        }
    } catch (const DataError&) {
        return;
    }
}

}  // namespace

FuzzTarget make_cifar_target() { return {.run = &run_cifar}; }

}  // namespace halftone::fuzz
