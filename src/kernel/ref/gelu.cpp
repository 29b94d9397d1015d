// A word that is neither none nor tanh is a ModelError when the node is read, not a silent default.
// y = x * Phi(x), or its tanh approximation. Source: ONNX operator Gelu, opset 20.
#include <cmath>
#include <numbers>

#include "base/error.hpp"
#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Gelu {
    explicit Gelu(const Node& node) {
        const std::string approximate = string_attribute(node, "approximate", "none");
        is_tanh = approximate == "tanh";
        if (!is_tanh && approximate != "none") {
            throw ModelError(describe(node) + ": approximate '" + approximate + "' is neither 'none' nor 'tanh'");
        }
    }
    double operator()(double x) const {
        if (!is_tanh) return 0.5 * x * (1.0 + std::erf(x / std::numbers::sqrt2));
        const double root = std::sqrt(2.0 * std::numbers::inv_pi);
        return 0.5 * x * (1.0 + std::tanh(root * (x + 0.044715 * x * x * x)));
    }

    bool is_tanh = false;
};

}  // namespace

const RefOp& gelu_op() {
    static const RealUnaryOp<Gelu> op;
    return op;
}

}  // namespace halftone::ref
