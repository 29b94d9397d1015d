#include "kernel/ops/layout.hpp"

namespace halftone {

Layout::Layout(const TensorType& type)
    : type_(type), bytes_(static_cast<std::size_t>(type.shape.elements()) * size_of(type.dtype)), name_("plain") {}

Layout::Layout(TensorType type, std::size_t bytes, std::string name, std::shared_ptr<const Impl> impl)
    : type_(std::move(type)), bytes_(bytes), name_(std::move(name)), impl_(std::move(impl)) {}

bool operator==(const Layout& a, const Layout& b) {
    // Names are for readers only and are not compared: two blocked layouts may share one.
    if (a.type_ != b.type_ || a.is_plain() != b.is_plain()) return false;
    return a.is_plain() || a.impl_->equals(*b.impl_);
}

}  // namespace halftone
