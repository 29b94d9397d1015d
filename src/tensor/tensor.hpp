#pragma once
// Tensor owns an aligned, row-major buffer; TensorView and MutableView are span + type. Copies are explicit (clone).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tensor/shape.hpp"

namespace halftone {

/// @throws InternalError that names both types
[[noreturn]] void refuse_element_type(DType found, DType asked);

/// Elements may be read only as their own type: another type would read beyond the buffer, or wrong numbers. A boolean
/// and a uint4 are read as std::uint8_t, an int4 as std::int8_t. The check stays in release builds; it is one
/// comparison for a whole tensor.
/// @throws InternalError if elements of type `found` are asked for as `asked`
inline void check_element_type(DType found, DType asked) {
    const bool is_in_a_byte = ((found == DType::boolean || found == DType::u4) && asked == DType::u8) ||
                              (found == DType::s4 && asked == DType::s8);
    if (found != asked && !is_in_a_byte) [[unlikely]]
        refuse_element_type(found, asked);
}

struct TensorView {
    TensorType type;
    const std::byte* data = nullptr;

    [[nodiscard]] std::int64_t elements() const { return type.shape.elements(); }
    [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(elements()) * size_of(type.dtype); }
    /// Returns the elements. @throws InternalError unless T is the C++ type of type.dtype (see check_element_type)
    template <class T>
    [[nodiscard]] std::span<const T> as() const {
        check_element_type(type.dtype, dtype_of<T>());
        return {reinterpret_cast<const T*>(data), static_cast<std::size_t>(elements())};
    }
};

struct MutableView {
    TensorType type;
    std::byte* data = nullptr;

    [[nodiscard]] std::int64_t elements() const { return type.shape.elements(); }
    [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(elements()) * size_of(type.dtype); }
    /// Returns the elements. @throws InternalError as TensorView::as
    template <class T>
    [[nodiscard]] std::span<T> as() const {
        check_element_type(type.dtype, dtype_of<T>());
        return {reinterpret_cast<T*>(data), static_cast<std::size_t>(elements())};
    }
    operator TensorView() const { return {type, data}; }  // NOLINT(google-explicit-constructor): a view of less
};

/// @throws InternalError unless `values` is the shape's element count; for of() and callers with untrusted sizes.
void check_element_count(const Shape& shape, std::size_t values);

/// 64-byte aligned storage; zero-filled. Copying a Tensor shares the buffer, which nobody may write once it is shared:
/// initialisers are immutable, so sharing is safe and cheap.
class Tensor {
public:
    static constexpr std::size_t kAlignment = 64;

    Tensor() = default;
    /// @throws BudgetError when the process's budget has no bytes left for it (base/budget.hpp)
    explicit Tensor(TensorType type);

    /// Returns a tensor whose elements lie in memory of somebody else, which `keeper` keeps there.
    /// @pre the memory begins at a multiple of 64 bytes, holds bytes() of them, and nobody ever writes it
    static Tensor view_of(TensorType type, const std::byte* data, const std::shared_ptr<const void>& keeper);
    template <class T>
    static Tensor of(Shape shape, std::span<const T> values);
    template <class T>
    static Tensor scalar(T value) {
        return of<T>(Shape{}, std::span<const T>(&value, 1));
    }

    [[nodiscard]] bool is_empty() const { return data_ == nullptr; }
    [[nodiscard]] const TensorType& type() const { return type_; }
    [[nodiscard]] const Shape& shape() const { return type_.shape; }
    [[nodiscard]] DType dtype() const { return type_.dtype; }
    [[nodiscard]] std::int64_t elements() const { return type_.shape.elements(); }
    [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(elements()) * size_of(type_.dtype); }
    [[nodiscard]] TensorView view() const { return {type_, data_.get()}; }
    /// Returns a view for writing. @pre this Tensor is the only owner of the buffer
    [[nodiscard]] MutableView mutable_view() { return {type_, data_.get()}; }
    /// Returns the elements. @throws InternalError as TensorView::as
    template <class T>
    [[nodiscard]] std::span<const T> as() const {
        check_element_type(type_.dtype, dtype_of<T>());
        return {reinterpret_cast<const T*>(data_.get()), static_cast<std::size_t>(elements())};
    }
    [[nodiscard]] Tensor clone() const;

private:
    TensorType type_;
    std::shared_ptr<std::byte[]> data_;
};

/// Returns whether both have the same type and the same bytes, so that a NaN equals itself; two empty tensors do.
[[nodiscard]] bool has_same_bytes(const Tensor& a, const Tensor& b);

template <class T>
Tensor Tensor::of(Shape shape, std::span<const T> values) {
    check_element_count(shape, values.size());
    Tensor tensor(TensorType{dtype_of<T>(), std::move(shape)});
    std::copy(values.begin(), values.end(), tensor.mutable_view().as<T>().begin());
    return tensor;
}

}  // namespace halftone
