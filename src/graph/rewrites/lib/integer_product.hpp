#pragma once
// Dynamic quantization as ONNX Runtime's optimizer fuses it, back in the operators that it was made of.

#include "graph/rewrites/lib/rewriter.hpp"

namespace halftone {

/// The inputs of an integer product whose result is fp32; invalid ids are left out.
struct IntegerProduct {
    ValueId a;        ///< codes
    ValueId a_scale;  ///< one value
    ValueId a_zero_point;
    ValueId b;
    ValueId b_scale;  ///< one value, or one for each column
    ValueId b_zero_point;
    ValueId bias;  ///< fp32
};

/// Writes the node's first output: (a - a_zero_point) * (b - b_zero_point) * a_scale * b_scale + bias.
void finish_integer_product(Rewriter& rewriter, const IntegerProduct& product);

}  // namespace halftone
