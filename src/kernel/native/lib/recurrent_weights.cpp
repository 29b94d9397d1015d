// What is made once of a recurrent node: its sizes, the kind of its cell, and its weights in the order in which the
// products read them.
#include "kernel/native/lib/recurrent_weights.hpp"

#include <algorithm>
#include <string>

namespace halftone::native {
namespace {

std::vector<std::string> activation_names(const Node& node) {
    const auto found = node.attributes.find("activations");
    if (found == node.attributes.end()) return {};
    const auto* names = std::get_if<std::vector<std::string>>(&found->second);
    return names == nullptr ? std::vector<std::string>{} : *names;
}

/// Returns whether the node's activations are these, once for each direction; no attribute means the default.
bool has_activations(const Node& node, const std::vector<std::string>& wanted, bool is_default) {
    const std::vector<std::string> names = activation_names(node);
    if (names.empty()) return is_default;
    for (std::size_t i = 0; i < names.size(); ++i) {
        // The attribute lists the names of one direction, and those of the second behind them.
        if (names[i] != wanted[i % wanted.size()]) return false;
    }
    return true;
}

/// `weights` [gates * hidden, inner] as panels: for each block of units those gates from `first` to `last`, side by
/// side.
PackedMatrix pack_gates(const RecurrentSizes& s, const float* weights, std::int64_t inner, std::int64_t first,
                        std::int64_t last) {
    const std::int64_t gates = last - first;
    PackedMatrix matrix = packed_matrix(inner, s.blocks() * gates);
    for (std::int64_t block = 0; block < s.blocks(); ++block) {
        const std::int64_t units = std::min(kPanel, s.hidden - block * kPanel);
        for (std::int64_t g = 0; g < gates; ++g) {
            const float* rows = weights + ((first + g) * s.hidden + block * kPanel) * inner;
            pack_panel(matrix, block * gates + g, rows, 1, inner, units);
        }
    }
    return matrix;
}

/// The biases [Wb, Rb] of one direction in the order of the panels. Both are added to W x once for all times, except
/// that of a product which the reset gate scales.
void pack_biases(const RecurrentSizes& s, CellKind kind, const float* biases, RecurrentDirection& direction) {
    direction.input_bias.assign(static_cast<std::size_t>(s.columns()), 0.0F);
    if (kind == CellKind::gru_linear_first) direction.recurrent_bias = direction.input_bias;
    if (biases == nullptr) return;
    for (std::int64_t g = 0; g < s.gates; ++g) {
        for (std::int64_t u = 0; u < s.hidden; ++u) {
            const auto place = static_cast<std::size_t>((u / kPanel * s.gates + g) * kPanel + u % kPanel);
            const float of_input = biases[g * s.hidden + u];
            const float of_state = biases[(s.gates + g) * s.hidden + u];
            const bool is_scaled = kind == CellKind::gru_linear_first && g == 2;
            // GRU with linear_before_reset: the reset gate scales R h + Rb, so this one bias must be added to the
            // product itself.
            direction.input_bias[place] = is_scaled ? of_input : of_input + of_state;
            if (is_scaled) direction.recurrent_bias[place] = of_state;
        }
    }
}

}  // namespace

RecurrentSizes recurrent_sizes(const KernelRequest& request, std::int64_t gates) {
    const Shape& x = request.inputs[0].type.shape;
    RecurrentSizes s;
    s.is_batch_first = int_attribute(*request.node, "layout", 0) != 0;
    s.steps = x[s.is_batch_first ? 1 : 0];
    s.batch = x[s.is_batch_first ? 0 : 1];
    s.input = x[2];
    s.hidden = request.constants[2].shape()[2];
    s.directions = request.constants[2].shape()[0];
    s.gates = gates;
    s.is_reverse = string_attribute(*request.node, "direction", "forward") == "reverse";
    return s;
}

CellKind kind_of(const Node& node) {
    if (node.op == "LSTM") return CellKind::lstm;
    if (node.op == "RNN") return has_activations(node, {"Tanh"}, true) ? CellKind::rnn_tanh : CellKind::rnn_relu;
    return int_attribute(node, "linear_before_reset", 0) != 0 ? CellKind::gru_linear_first : CellKind::gru;
}

bool has_known_activations(const Node& node) {
    if (node.op == "LSTM") return has_activations(node, {"Sigmoid", "Tanh", "Tanh"}, true);
    if (node.op == "GRU") return has_activations(node, {"Sigmoid", "Tanh"}, true);
    return has_activations(node, {"Tanh"}, true) || has_activations(node, {"Relu"}, false);
}

RecurrentDirection pack_direction(const KernelRequest& request, const RecurrentSizes& s, CellKind kind,
                                  std::int64_t d) {
    const std::int64_t rows = s.gates * s.hidden;
    const float* w = request.constants[1].as<float>().data() + d * rows * s.input;
    const float* r = request.constants[2].as<float>().data() + d * rows * s.hidden;
    RecurrentDirection direction;
    direction.input = pack_gates(s, w, s.input, 0, s.gates);
    const bool resets_first = kind == CellKind::gru;
    direction.recurrent = pack_gates(s, r, s.hidden, 0, resets_first ? 2 : s.gates);
    // The third gate reads the state that the second has scaled, so its product comes after the others.
    if (resets_first) direction.last_gate = pack_gates(s, r, s.hidden, 2, 3);
    const bool has_bias = request.constants.size() > kInputBias && !request.constants[kInputBias].is_empty();
    pack_biases(s, kind, has_bias ? request.constants[kInputBias].as<float>().data() + 2 * d * rows : nullptr,
                direction);
    return direction;
}

}  // namespace halftone::native
