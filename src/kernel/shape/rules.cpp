// Refusals and checks that all shape rules share. A check that passes says nothing; one that fails throws a ModelError
// with the operator and the name of the node, so that a user finds the place in the model.
#include "kernel/shape/rules.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace halftone::ref {
namespace {

std::string name_of(std::size_t input) { return "input " + std::to_string(input); }

}  // namespace

// All refusals go through here, so that every message begins with the operator and the name of its node.
void refuse(const OpContext& op, const std::string& reason) { throw ModelError(describe(op.node) + ": " + reason); }

void check_size(const OpContext& op, const TensorType& type, const std::string& what) {
    std::int64_t elements = 1;
    // The loop goes on after the limit is passed: a negative dimension behind it is the better message.
    bool is_too_large = false;
    for (const std::int64_t dim : type.shape.dims()) {
        if (dim < kSymbolic) refuse(op, what + " " + type.shape.to_text() + " has a negative dimension");
        if (dim == kSymbolic || is_too_large) continue;
        // A dimension of 0 counts as 1, so that the others are held to the limit even in a tensor without elements.
        is_too_large =
            __builtin_mul_overflow(elements, std::max<std::int64_t>(dim, 1), &elements) || elements > kMaxElements;
    }
    if (is_too_large) refuse(op, what + " " + type.shape.to_text() + " has more than 2^31 elements");
}

void check_inputs(const OpContext& op, std::size_t least, std::size_t most) {
    const std::size_t count = op.input_count();
    if (count < least || count > most) {
        const std::string allowed =
            least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
        refuse(op, "takes " + allowed + " inputs, has " + std::to_string(count));
    }
    // An optional input in the middle may be left out by an empty name; one of the first `least` may not.
    for (std::size_t i = 0; i < least; ++i) {
        if (!op.has_input(i)) refuse(op, name_of(i) + " is missing");
    }
}

void check_outputs(const OpContext& op, std::size_t most) {
    const std::size_t count = op.node.outputs.size();
    if (count < 1 || count > most) {
        refuse(op, "has " + std::to_string(count) + " outputs, supported " + (most == 1 ? "is 1" : "are 1 to ") +
                       (most == 1 ? "" : std::to_string(most)));
    }
}

void check_dtype(const OpContext& op, std::size_t input, std::initializer_list<DType> allowed) {
    if (!op.has_input(input)) return;
    const DType dtype = op.inputs[input].dtype;
    if (std::find(allowed.begin(), allowed.end(), dtype) != allowed.end()) return;
    std::string words;
    // The message lists what is allowed, because the user may be able to export the model so.
    for (const DType word : allowed) words += (words.empty() ? "" : " ") + std::string(to_string(word));
    refuse(op, name_of(input) + " is " + std::string(to_string(dtype)) + ", supported: " + words);
}

void check_same_dtype(const OpContext& op, std::size_t input, std::size_t other) {
    if (!op.has_input(input) || op.inputs[input].dtype == op.inputs[other].dtype) return;
    refuse(op, name_of(input) + " is " + std::string(to_string(op.inputs[input].dtype)) + " but " + name_of(other) +
                   " is " + std::string(to_string(op.inputs[other].dtype)));
}

void check_rank(const OpContext& op, std::size_t input, std::size_t least, std::size_t most) {
    const Shape& shape = op.inputs[input].shape;
    if (shape.rank() >= least && shape.rank() <= most) return;
    const std::string wanted =
        least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
    refuse(op,
           name_of(input) + " " + shape.to_text() + " has rank " + std::to_string(shape.rank()) + ", needed " + wanted);
}

void check_per_channel(const OpContext& op, std::size_t last) {
    const Shape& shape = op.inputs[0].shape;
    for (std::size_t i = 1; i <= last; ++i) {
        if (op.inputs[i].shape != Shape{shape[1]}) {
            refuse(op, "input " + std::to_string(i) + " " + op.inputs[i].shape.to_text() +
                           " does not have one value for each channel of " + shape.to_text());
        }
    }
}

std::size_t normal_axis(const OpContext& op, std::int64_t axis, std::size_t rank) {
    const auto limit = static_cast<std::int64_t>(rank);
    if (axis < -limit || axis >= limit) {
        refuse(op, "axis " + std::to_string(axis) + " is outside a tensor of rank " + std::to_string(rank));
    }
    return static_cast<std::size_t>(axis < 0 ? axis + limit : axis);
}

const Tensor& constant_input(const OpContext& op, std::size_t input, const char* name) {
    // A type of its own: such a node is where the tail of a model begins (graph/tail), and no fault of the file.
    if (op.constants[input] == nullptr) {
        throw DataDependentShape(describe(op.node) + ": the input '" + std::string(name) + "' must be a constant");
    }
    return *op.constants[input];
}

std::int64_t product(const OpContext& op, std::span<const std::int64_t> dims) {
    std::int64_t known = 1;
    int symbolic = 0;
    for (const std::int64_t dim : dims) {
        if (dim == kSymbolic) {
            ++symbolic;
        } else if (__builtin_mul_overflow(known, dim, &known)) {
            refuse(op, "the product of " + text_of(dims) + " is above 2^63");
        }
    }
    if (symbolic == 0) return known;
    // N * 2 would have to be an expression, and shapes hold numbers only. N * 1 is N, so it may pass.
    if (symbolic > 1 || known != 1) refuse(op, "the symbolic batch cannot be merged with others in " + text_of(dims));
    return kSymbolic;
}

Shape broadcast(const OpContext& op, const Shape& a, const Shape& b) {
    const std::size_t rank = std::max(a.rank(), b.rank());
    std::vector<std::int64_t> dims(rank);
    for (std::size_t i = 0; i < rank; ++i) {  // i counts from the last dimension
        const std::int64_t left = i < a.rank() ? a[a.rank() - 1 - i] : 1;
        const std::int64_t right = i < b.rank() ? b[b.rank() - 1 - i] : 1;
        if (left != right && left != 1 && right != 1) {
            refuse(op, "the shapes " + a.to_text() + " and " + b.to_text() + " cannot be broadcast together");
        }
        // N meets 1 or N here; N with another number was refused above, because it fits for one batch size at most.
        dims[rank - 1 - i] = left == 1 ? right : left;
    }
    return Shape(std::move(dims));
}

std::string text_of(std::span<const std::int64_t> numbers) {
    std::string text = "[";
    for (const std::int64_t number : numbers) {
        if (text.size() > 1) text += ',';
        text += number == kSymbolic ? "N" : std::to_string(number);
    }
    return text + "]";
}

}  // namespace halftone::ref
