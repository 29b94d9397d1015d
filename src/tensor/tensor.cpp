#include "tensor/tensor.hpp"

#include <cstring>
#include <new>

#include "base/check.hpp"
#include "base/error.hpp"

namespace halftone {
namespace {

// One cache line, and the widest vector register: no vector load of ours or of a kernel library crosses a line.
constexpr std::align_val_t kAlignment{64};

std::shared_ptr<std::byte[]> allocate_zeroed(std::size_t bytes) {
    // At least one byte, so that a tensor of zero elements is not the empty Tensor.
    const std::size_t size = bytes == 0 ? 1 : bytes;
    auto* memory = static_cast<std::byte*>(::operator new[](size, kAlignment));
    std::memset(memory, 0, size);
    // Memory that was aligned on request must be given back with the same alignment.
    return {memory, [](std::byte* owned) { ::operator delete[](owned, kAlignment); }};
}

}  // namespace

Tensor::Tensor(TensorType type) : type_(std::move(type)), data_(allocate_zeroed(bytes())) {}

// Copying a Tensor shares its memory. This is the way to get memory of one's own.
Tensor Tensor::clone() const {
    if (is_empty()) return {};
    Tensor copy(type_);
    std::memcpy(copy.data_.get(), data_.get(), bytes());
    return copy;
}

void refuse_element_type(DType found, DType asked) {
    throw InternalError("elements of type " + std::string(to_string(found)) + " are read as " +
                        std::string(to_string(asked)));
}

void check_element_count(const Shape& shape, std::size_t values) {
    HALFTONE_CHECK(static_cast<std::size_t>(shape.elements()) == values,
                   std::to_string(values) + " values for shape " + shape.to_text());
}

}  // namespace halftone
