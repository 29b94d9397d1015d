#pragma once
// Shapes, row-major. A dimension of -1 is symbolic (the batch) and has no element count.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "tensor/dtype.hpp"

namespace halftone {

inline constexpr std::int64_t kSymbolic = -1;

class Shape {
public:
    Shape() = default;
    Shape(std::initializer_list<std::int64_t> dims) : dims_(dims) {}
    explicit Shape(std::vector<std::int64_t> dims) : dims_(std::move(dims)) {}

    [[nodiscard]] std::size_t rank() const { return dims_.size(); }
    [[nodiscard]] std::int64_t operator[](std::size_t i) const { return dims_[i]; }
    [[nodiscard]] std::int64_t& operator[](std::size_t i) { return dims_[i]; }
    [[nodiscard]] const std::vector<std::int64_t>& dims() const { return dims_; }
    [[nodiscard]] bool is_static() const;
    /// Product of the dimensions, 1 for a scalar. @pre is_static()
    [[nodiscard]] std::int64_t elements() const;
    /// "[N,1,28,28]"; symbolic dimensions print as N.
    [[nodiscard]] std::string to_text() const;

    friend bool operator==(const Shape&, const Shape&) = default;

private:
    std::vector<std::int64_t> dims_;
};

struct TensorType {
    DType dtype = DType::f32;
    Shape shape;
    friend bool operator==(const TensorType&, const TensorType&) = default;
};

}  // namespace halftone
