#include "tensor/tensor.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/budget.hpp"
#include "base/check.hpp"
#include "base/error.hpp"

namespace halftone {
namespace {

// One cache line, and the widest vector register: no vector load of ours or of a kernel library crosses a line.
constexpr std::align_val_t kMemoryAlignment{Tensor::kAlignment};

/// Frees a tensor's memory and returns its bytes to the budget.
struct GiveBack {
    std::size_t bytes;
    void operator()(std::byte* memory) const {
        // Memory that was aligned on request must be given back with the same alignment.
        ::operator delete[](memory, kMemoryAlignment);
        process_budget().return_bytes(bytes);
    }
};

/// Takes the memory from the process's budget and gives it back with its last owner. Shapes come from files, so this is
/// the last place where a size that nobody asked about is refused instead of ending the program.
std::shared_ptr<std::byte[]> allocate_zeroed(const TensorType& type, std::size_t bytes) {
    // At least one byte, so that a tensor of zero elements is not the empty Tensor.
    const std::size_t size = bytes == 0 ? 1 : bytes;
    Budget& budget = process_budget();
    if (!budget.try_take_bytes(size)) {
        throw budget.refusal(size, "a tensor " + std::string(to_string(type.dtype)) + type.shape.to_text());
    }
    const GiveBack give_back{size};
    std::unique_ptr<std::byte[], GiveBack> memory(nullptr, give_back);
    try {
        memory.reset(static_cast<std::byte*>(::operator new[](size, kMemoryAlignment)));
    } catch (const std::bad_alloc&) {
        budget.return_bytes(size);
        throw;
    }
    std::memset(memory.get(), 0, size);
    return memory;
}

}  // namespace

Tensor::Tensor(TensorType type) : type_(std::move(type)), data_(allocate_zeroed(type_, bytes())) {}

Tensor Tensor::view_of(TensorType type, const std::byte* data, const std::shared_ptr<const void>& keeper) {
    HALFTONE_CHECK(reinterpret_cast<std::uintptr_t>(data) % kAlignment == 0, "a tensor's memory is aligned");
    Tensor tensor;
    tensor.type_ = std::move(type);
    // The memory is never written: its keeper is an owner too, and a buffer with several owners is immutable.
    tensor.data_ = std::shared_ptr<std::byte[]>(keeper, const_cast<std::byte*>(data));
    return tensor;
}

// Copying a Tensor shares its memory. This is the way to get memory of one's own.
Tensor Tensor::clone() const {
    if (is_empty()) return {};
    Tensor copy(type_);
    std::memcpy(copy.data_.get(), data_.get(), bytes());
    return copy;
}

bool has_same_bytes(const Tensor& a, const Tensor& b) {
    if (a.is_empty() || b.is_empty()) return a.is_empty() == b.is_empty();
    return a.type() == b.type() && std::equal(a.view().data, a.view().data + a.bytes(), b.view().data);
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
