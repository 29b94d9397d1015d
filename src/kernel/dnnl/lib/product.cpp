// A matrix product by one of two primitives of oneDNN, which see the same memory in different words:
//
//   as_matmul        [rows, K] x [K, N]
//   as_convolution   a 1x1 convolution over an image of one row, whose pixels are the rows and whose channels are K
//   runs_as_convolution   which one: what the request names, else what was measured to be faster on the machine's
//                    instruction set (prefers_convolution)
//   check_product, product_implementations, build_product   the interface
#include "kernel/dnnl/lib/product.hpp"

#include <algorithm>
#include <optional>

#include "kernel/dnnl/lib/implementation.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/weights.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

constexpr std::string_view kConvolution = "conv:";  // before the names of convolutions

/// A primitive that multiplies, and how its operands are to be seen.
struct Multiplier {
    dnnl::primitive_desc_base descriptor;
    dnnl::primitive primitive;
    memory::desc input, output, weights_given, weights, bias;
    Arguments arguments;
    std::string prefix;
};

std::int64_t inner_of(const Product& p) { return p.weights.shape()[p.is_transposed ? 1 : 0]; }

std::int64_t rows_of(const Product& p) {
    const Shape& shape = p.request.inputs[0].type.shape;
    return inner_of(p) == 0 ? 0 : shape.elements() / inner_of(p);
}

memory::data_type type_of(const Product& p, const OperandEncoding& port) {
    return to_dnnl(stored_type(p.request, port).dtype);
}

memory::data_type given_weights(const Product& p) { return to_dnnl(p.weights.dtype()); }

// ---- as a matrix product ------------------------------------------------------------------------------------------

Fusion fuse_matmul(const Product& p) {
    // Bit 1 of the mask: scales run along dimension 1.
    constexpr int kColumnMask = 2;  // dimension 1 of [K, N]
    return fuse(p.request, kColumnMask, p.columns, p.factor);
}

memory::desc matmul_bias(const Product& p) {
    return p.bias.empty() ? memory::desc() : row_major({1, p.columns}, memory::data_type::f32);
}

dnnl::matmul::primitive_desc describe_matmul(const Product& p, const Fusion& fusion) {
    const memory::desc weights({inner_of(p), p.columns}, stored_weight_type(p.request), memory::format_tag::any);
    return {cpu_engine(),   row_major({rows_of(p), inner_of(p)}, type_of(p, p.request.inputs[0])), weights,
            matmul_bias(p), row_major({rows_of(p), p.columns}, type_of(p, p.request.outputs[0])),  fusion.attributes};
}

Multiplier as_matmul(const Product& p) {
    Fusion fusion = fuse_matmul(p);
    const auto descriptor = chosen([&] { return describe_matmul(p, fusion); }, p.request, p.request.implementation);
    // [N, K] in memory is [K, N] with the order of dimensions turned. A tag says so; no element moves before packing.
    const auto tag = p.is_transposed ? memory::format_tag::ba : memory::format_tag::ab;
    return {descriptor,
            dnnl::matmul(descriptor),
            descriptor.src_desc(),
            descriptor.dst_desc(),
            memory::desc({inner_of(p), p.columns}, given_weights(p), tag),
            descriptor.weights_desc(),
            matmul_bias(p),
            std::move(fusion.arguments),
            ""};
}

// ---- as a convolution over an image of 1 x rows pixels -----------------------------------------------------------

Fusion fuse_convolution(const Product& p) {
    constexpr int kOutputMask = 1;  // dimension 0 of [N, K, 1, 1]
    return fuse(p.request, kOutputMask, p.columns, p.factor);
}

memory::desc convolution_bias(const Product& p) {
    return p.bias.empty() ? memory::desc() : row_major({p.columns}, memory::data_type::f32);
}

/// Rows as pixels of an image of height 1: in channels-last order that is the same memory as a matrix [rows, channels].
memory::desc pixels(std::int64_t channels, std::int64_t rows, memory::data_type type) {
    return {{1, channels, 1, rows}, type, memory::format_tag::nhwc};
}

dnnl::convolution_forward::primitive_desc describe_convolution(const Product& p, const Fusion& fusion) {
    const memory::desc weights({p.columns, inner_of(p), 1, 1}, stored_weight_type(p.request), memory::format_tag::any);
    return {cpu_engine(),
            dnnl::prop_kind::forward_inference,
            dnnl::algorithm::convolution_direct,
            pixels(inner_of(p), rows_of(p), type_of(p, p.request.inputs[0])),
            weights,
            convolution_bias(p),
            pixels(p.columns, rows_of(p), type_of(p, p.request.outputs[0])),
            {1, 1},
            {0, 0},
            {0, 0},
            fusion.attributes};
}

std::string wanted_convolution(const Product& p) {
    const std::string& name = p.request.implementation;
    return name.starts_with(kConvolution) ? name.substr(kConvolution.size()) : std::string();
}

Multiplier as_convolution(const Product& p) {
    Fusion fusion = fuse_convolution(p);
    const auto descriptor = chosen([&] { return describe_convolution(p, fusion); }, p.request, wanted_convolution(p));
    // The same two orders of memory, in the words of a convolution: [N, K, 1, 1] and [1, 1, K, N].
    const auto tag = p.is_transposed ? memory::format_tag::oihw : memory::format_tag::hwio;
    return {descriptor,
            dnnl::convolution_forward(descriptor),
            descriptor.src_desc(),
            descriptor.dst_desc(),
            memory::desc({p.columns, inner_of(p), 1, 1}, given_weights(p), tag),
            descriptor.weights_desc(),
            convolution_bias(p),
            std::move(fusion.arguments),
            std::string(kConvolution)};
}

// ---- the choice ---------------------------------------------------------------------------------------------------

/// What `describe` gives; nothing where oneDNN has no implementation.
template <class Describe>
auto if_any(Describe describe) {
    std::optional<decltype(describe())> found;
    (void)attempt("this matrix product", [&] {
        found.emplace(describe());
        return 0;
    });
    return found;
}

/// Without AVX-512 the fp32 matmul is a call of gemm, which packs weights in every call: with 128 rows, AVX2, one
/// thread, [768, 768] takes 2.0 ms and [3072, 768] 25, as convolution by jit_1x1 1.9 and 7.9 (by brgconv_1x1, which
/// oneDNN names first, 2.4 and 28); a single row of [2048, 1000] 1.1 against 0.6. For int8 gemm is a little faster.
bool prefers_convolution(const Product& p) { return !has_avx512() && !p.request.is_quantized(); }

bool is_plain(const dnnl::convolution_forward::primitive_desc& descriptor) {
    return std::string_view(descriptor.impl_info_str()).find("ref") != std::string_view::npos;
}

/// By convolution only where that is no plain loop.
bool runs_as_convolution(const Product& p) {
    const std::string& wanted = p.request.implementation;
    if (!(wanted.empty() ? prefers_convolution(p) : wanted.starts_with(kConvolution))) return false;
    // A plan may name a convolution that this machine does not have: then it is the matmul, as if nothing was named.
    const auto descriptor = if_any([&] { return describe_convolution(p, fuse_convolution(p)); });
    return descriptor && !is_plain(*descriptor);
}

template <class Descriptor>
std::vector<std::string> prefixed_names(const std::optional<Descriptor>& descriptor, const KernelRequest& request,
                                        std::string_view prefix) {
    std::vector<std::string> names;
    if (descriptor) names = names_of(*descriptor, request);
    for (std::string& name : names) name.insert(0, prefix);
    return names;
}

}  // namespace

Support check_product(const Product& p) {
    if (runs_as_convolution(p)) return Support::yes();
    return attempt("this matrix product", [&] { return describe_matmul(p, fuse_matmul(p)); });
}

std::vector<std::string> product_implementations(const Product& p) {
    const auto matmul = if_any([&] { return describe_matmul(p, fuse_matmul(p)); });
    auto convolution = if_any([&] { return describe_convolution(p, fuse_convolution(p)); });
    if (convolution && is_plain(*convolution)) convolution.reset();
    std::vector<std::string> products = prefixed_names(matmul, p.request, "");
    std::vector<std::string> convolutions = prefixed_names(convolution, p.request, kConvolution);
    if (prefers_convolution(p)) products.swap(convolutions);
    products.insert(products.end(), convolutions.begin(), convolutions.end());
    return products;
}

std::unique_ptr<Primitive> build_product(const Product& p, const BuildContext& context) {
    const Multiplier m = runs_as_convolution(p) ? as_convolution(p) : as_matmul(p);
    const Layout output(stored_type(p.request, p.request.outputs[0]));
    StepParts parts{.inputs = {{Layout(stored_type(p.request, p.request.inputs[0])), DNNL_ARG_SRC, m.input}},
                    .outputs = {{output, DNNL_ARG_DST, m.output}},
                    .constants = m.arguments};
    if (p.request.epilogue.has_residual) {
        parts.inputs.push_back({output, Slot::kCopiedToOutput, {}});
        parts.in_place_input = 1;
    }
    add_weights(parts, context.weights, p.weights, m.weights_given, m.weights);
    if (!p.bias.empty()) {
        memory row(m.bias, cpu_engine());
        std::copy(p.bias.begin(), p.bias.end(), static_cast<float*>(row.get_data_handle()));
        parts.constants.emplace_back(DNNL_ARG_BIAS, row);
    }
    return std::make_unique<Step>(m.primitive, m.descriptor, std::move(parts), m.prefix);
}

}  // namespace halftone::onednn
