#pragma once
// Layout: how a tensor lies in memory. The functions that make layouts are defined in kernel/dnnl/lib, because only
// oneDNN knows its blocked layouts; nothing of it is visible here.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tensor/tensor.hpp"

namespace halftone {

/// How a tensor lies in memory: plain row-major, or an implementation's own (blocked, channels-last).
class Layout {
public:
    struct Impl {
        virtual ~Impl() = default;
        [[nodiscard]] virtual bool equals(const Impl& other) const = 0;
    };
    /// Plain row-major of this type.
    explicit Layout(const TensorType& type);
    Layout(TensorType type, std::size_t bytes, std::string name, std::shared_ptr<const Impl> impl);

    [[nodiscard]] bool is_plain() const { return impl_ == nullptr; }
    [[nodiscard]] const TensorType& type() const { return type_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }       ///< padding included
    [[nodiscard]] const std::string& name() const { return name_; }  ///< "plain", "nhwc", "nChw16c"
    [[nodiscard]] const Impl* impl() const { return impl_.get(); }
    friend bool operator==(const Layout& a, const Layout& b);

private:
    TensorType type_;
    std::size_t bytes_ = 0;
    std::string name_;
    std::shared_ptr<const Impl> impl_;
};

/// In which tensors with channels are kept: channels last for rank 3 to 5, plain for any other.
[[nodiscard]] Layout channels_last_layout(const TensorType& type);

/// For element-wise steps: `available[i]` when that is a dense permutation of the dimensions, else channels-last.
[[nodiscard]] Layout dense_layout(const TensorType& type, const std::vector<Layout>& available, std::size_t i);
/// Returns the step of each dimension in memory, in elements. @pre `layout` is plain or comes from dense_layout()
[[nodiscard]] std::vector<std::int64_t> layout_steps(const Layout& layout);
/// The same order of dimensions for another element type. @pre `layout` comes from dense_layout()
[[nodiscard]] Layout with_dtype(const Layout& layout, DType dtype);

}  // namespace halftone
