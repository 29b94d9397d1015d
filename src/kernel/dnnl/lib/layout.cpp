#include "kernel/dnnl/lib/layout.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string_view>

#include "base/check.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

struct DescriptorImpl final : Layout::Impl {
    explicit DescriptorImpl(memory::desc md) : desc(std::move(md)) {}
    [[nodiscard]] bool equals(const Impl& other) const override {
        const auto* same = dynamic_cast<const DescriptorImpl*>(&other);
        return same != nullptr && same->desc == desc;
    }
    memory::desc desc;
};

/// Types that are missing here (f64, int64, bool) never reach oneDNN: the operators that move them run in ref.
std::optional<memory::data_type> find_type(DType dtype) {
    switch (dtype) {
        case DType::f32:
            return memory::data_type::f32;
        case DType::f16:
            return memory::data_type::f16;
        case DType::bf16:
            return memory::data_type::bf16;
        case DType::s8:
            return memory::data_type::s8;
        case DType::u8:
            return memory::data_type::u8;
        case DType::s32:
            return memory::data_type::s32;
        default:
            return std::nullopt;
    }
}

// oneDNN has no tensors of rank 0.
memory::dims dims_of(const Shape& shape) { return shape.rank() == 0 ? memory::dims{1} : shape.dims(); }

/// "nhwc", "nChw16c": dimensions by falling stride, blocked ones upper-case with their inner blocks after them.
std::string name_of(const memory::desc& desc) {
    const memory::dims strides = desc.get_strides();
    const memory::dims blocked = desc.get_inner_idxs();
    const memory::dims sizes = desc.get_inner_blks();
    const std::size_t rank = strides.size();
    static constexpr std::string_view kImage = "ncdhw";
    std::string letters = "abcdefghijkl";
    // Names as oneDNN's documentation writes them, so that a line of `bench` can be looked up there.
    if (rank >= 3 && rank <= 5) letters = "nc" + std::string(kImage.substr(7 - rank));
    std::vector<std::size_t> order(rank);
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Stable, because dimensions of size 1 have equal strides, and a name must not depend on the sort.
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return strides[a] > strides[b]; });
    std::string name;
    for (const std::size_t d : order) {
        const bool is_blocked = std::find(blocked.begin(), blocked.end(), static_cast<memory::dim>(d)) != blocked.end();
        name += is_blocked ? static_cast<char>(letters[d] - 'a' + 'A') : letters[d];
    }
    for (std::size_t i = 0; i < blocked.size(); ++i) {
        name += std::to_string(sizes[i]) + letters[static_cast<std::size_t>(blocked[i])];
    }
    return name;
}

}  // namespace

bool is_known(DType dtype) { return find_type(dtype).has_value(); }

memory::data_type to_dnnl(DType dtype) {
    const auto type = find_type(dtype);
    HALFTONE_CHECK(type.has_value(), "oneDNN has no element type " + std::string(to_string(dtype)));
    return *type;
}

memory::desc row_major(const memory::dims& dims, memory::data_type type) {
    memory::dims strides(dims.size(), 1);
    for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
    return {dims, type, strides};
}

memory::desc row_major(const TensorType& type) { return row_major(dims_of(type.shape), to_dnnl(type.dtype)); }

memory::desc channels_last(const TensorType& type) {
    switch (type.shape.rank()) {
        case 3:
            return {type.shape.dims(), to_dnnl(type.dtype), memory::format_tag::nwc};
        case 4:
            return {type.shape.dims(), to_dnnl(type.dtype), memory::format_tag::nhwc};
        case 5:
            return {type.shape.dims(), to_dnnl(type.dtype), memory::format_tag::ndhwc};
        default:
            return row_major(type);
    }
}

Layout make_layout(const TensorType& type, const memory::desc& desc) {
    // The same memory must have one Layout: with one channel, or 1x1 images, channels-last is row-major, and two
    // different layouts would cause a reorder that copies for nothing.
    if (desc == row_major(type)) return Layout(type);
    return {type, desc.get_size(), name_of(desc), std::make_shared<DescriptorImpl>(desc)};
}

memory::desc descriptor(const Layout& layout) {
    if (layout.is_plain()) return row_major(layout.type());
    const auto* impl = dynamic_cast<const DescriptorImpl*>(layout.impl());
    HALFTONE_CHECK(impl != nullptr, "the layout " + layout.name() + " is not oneDNN's");
    return impl->desc;
}

}  // namespace halftone::onednn

namespace halftone {
namespace {

using dnnl::memory;

/// Every byte of the buffer is an element, so an element-wise loop may walk it without knowing the order of dimensions.
bool is_dense(const Layout& layout) {
    if (layout.is_plain()) return true;
    const memory::desc desc = onednn::descriptor(layout);
    const auto elements = static_cast<std::size_t>(layout.type().shape.elements());
    // A blocked layout may hold padding between the channels, whose bytes are not elements.
    return desc.get_inner_nblks() == 0 && desc.get_size() == elements * size_of(layout.type().dtype);
}

}  // namespace

// An element-wise step takes the layout in which its input lies already: any other choice would cost a reorder.
Layout dense_layout(const TensorType& type, const std::vector<Layout>& available, std::size_t i) {
    if (i < available.size() && available[i].type() == type && is_dense(available[i])) return available[i];
    return onednn::make_layout(type, onednn::channels_last(type));
}

std::vector<std::int64_t> layout_steps(const Layout& layout) {
    const Shape& shape = layout.type().shape;
    if (!layout.is_plain()) return onednn::descriptor(layout).get_strides();
    // Not by a descriptor: oneDNN knows neither all element types nor rank 0.
    std::vector<std::int64_t> steps(shape.rank(), 1);
    for (std::size_t d = shape.rank(); d-- > 1;) steps[d - 1] = steps[d] * shape[d];
    return steps;
}

// Strides of oneDNN count elements and not bytes, so they hold for another element type unchanged.
Layout with_dtype(const Layout& layout, DType dtype) {
    const TensorType type{dtype, layout.type().shape};
    if (layout.is_plain()) return Layout(type);
    return onednn::make_layout(type,
                               {type.shape.dims(), onednn::to_dnnl(dtype), onednn::descriptor(layout).get_strides()});
}

Layout channels_last_layout(const TensorType& type) { return onednn::make_layout(type, onednn::channels_last(type)); }

}  // namespace halftone
