// RNN, GRU and LSTM, as far as they are the same: a loop over time with a state. An operator's own file gives only its
// step, which turns the gates' sums and the old state into the new one.
//
//   recurrent_shape   sizes from the shapes of weights and input, and every check of them
//   activations_of    the functions of the gates, by name, with alpha, beta and clip
//   Pass::run         one direction of one sample: for each time, sums over the input, then the step, then the output
//   recurrent_types   the types of the outputs
//   run_recurrent     all directions and samples, one Pass::run each
//
// Sums and states are kept in double, so that many steps do not add up rounding and the order of adding is of no
// account.
#include "kernel/ref/lib/recurrent.hpp"

#include <algorithm>
#include <cmath>

namespace halftone::ref {
namespace {

std::vector<std::string> words_attribute(const Node& node, const std::string& name) {
    const auto found = node.attributes.find(name);
    if (found == node.attributes.end()) return {};
    const auto* words = std::get_if<std::vector<std::string>>(&found->second);
    return words == nullptr ? std::vector<std::string>{} : *words;
}

std::vector<float> floats_attribute(const Node& node, const std::string& name) {
    const auto found = node.attributes.find(name);
    if (found == node.attributes.end()) return {};
    const auto* values = std::get_if<std::vector<float>>(&found->second);
    return values == nullptr ? std::vector<float>{} : *values;
}

// The functions of the ONNX operators RNN, GRU and LSTM that real models use. The softplus is written so that exp()
// gets no positive argument: exp(x) itself overflows for x > 709 even in double.
Activation activation_named(const OpContext& op, const std::string& name, double alpha, double beta) {
    if (name == "Sigmoid") return [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
    if (name == "Tanh") return [](double x) { return std::tanh(x); };
    if (name == "Relu") return [](double x) { return std::max(x, 0.0); };
    if (name == "Affine") return [=](double x) { return alpha * x + beta; };
    if (name == "LeakyRelu") return [=](double x) { return x < 0 ? alpha * x : x; };
    if (name == "HardSigmoid") return [=](double x) { return std::clamp(alpha * x + beta, 0.0, 1.0); };
    if (name == "Softsign") return [](double x) { return x / (1.0 + std::abs(x)); };
    if (name == "Softplus") return [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); };
    refuse(op, "activation '" + name +
                   "' is not supported: Sigmoid Tanh Relu Affine LeakyRelu HardSigmoid Softsign Softplus");
}

/// activation_alpha and activation_beta hold values only for those functions that have them, in order.
double next_value(const std::vector<float>& values, std::size_t& next, double fallback) {
    return next < values.size() ? static_cast<double>(values[next++]) : fallback;
}

std::vector<Activation> activations_of(const OpContext& op, const RecurrentRule& rule, std::int64_t directions) {
    std::vector<std::string> names = words_attribute(op.node, "activations");
    const std::size_t count = rule.activations.size() * static_cast<std::size_t>(directions);
    // The default functions are repeated for the second direction.
    if (names.empty()) {
        for (std::size_t i = 0; i < count; ++i) names.push_back(rule.activations[i % rule.activations.size()]);
    }
    if (names.size() != count) refuse(op, "needs " + std::to_string(count) + " activations");
    const std::vector<float> alphas = floats_attribute(op.node, "activation_alpha");
    const std::vector<float> betas = floats_attribute(op.node, "activation_beta");
    std::size_t alpha = 0;
    std::size_t beta = 0;
    std::vector<Activation> activations;
    const double clip = static_cast<double>(float_attribute(op.node, "clip", 0.0F));
    for (const std::string& name : names) {
        const bool has_beta = name == "Affine" || name == "HardSigmoid";
        const bool has_alpha = has_beta || name == "LeakyRelu";
        const double a = has_alpha ? next_value(alphas, alpha,
                                                name == "LeakyRelu"     ? 0.01
                                                : name == "HardSigmoid" ? 0.2
                                                                        : 1.0)
                                   : 0.0;
        const double b = has_beta ? next_value(betas, beta, name == "HardSigmoid" ? 0.5 : 0.0) : 0.0;
        Activation function = activation_named(op, name, a, b);
        // ONNX clips the sum that enters an activation, not the activation's value.
        if (clip > 0) function = [function, clip](double x) { return function(std::clamp(x, -clip, clip)); };
        activations.push_back(std::move(function));
    }
    return activations;
}

void check_shape(const OpContext& op, std::size_t input, const Shape& wanted) {
    if (op.has_input(input) && op.inputs[input].shape != wanted) {
        refuse(op, "input " + std::to_string(input) + " " + op.inputs[input].shape.to_text() + " must be " +
                       wanted.to_text());
    }
}

/// [directions, batch, hidden], or with layout 1 [batch, directions, hidden].
Shape state_shape(const RecurrentShape& s) {
    return s.is_batch_first ? Shape{s.batch, s.directions, s.hidden} : Shape{s.directions, s.batch, s.hidden};
}

/// Returns the position of the first element of a state in the initial and the final state tensors.
std::int64_t state_place(const RecurrentShape& s, std::int64_t direction, std::int64_t sample) {
    return (s.is_batch_first ? sample * s.directions + direction : direction * s.batch + sample) * s.hidden;
}

std::vector<double> slice(const TensorView& view, std::int64_t first, std::int64_t count) {
    const auto values = view.as<float>().subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    return {values.begin(), values.end()};
}

std::vector<double> state_or_zero(const OpContext& op, std::span<const TensorView> inputs, std::size_t input,
                                  std::int64_t first, std::int64_t count) {
    if (!op.has_input(input)) return std::vector<double>(static_cast<std::size_t>(count), 0.0);
    return slice(inputs[input], first, count);
}

void store(const std::vector<double>& values, float* to) {
    for (const double value : values) *to++ = static_cast<float>(value);
}

/// One direction of one sample.
class Pass {
public:
    Pass(const OpContext& op, const RecurrentRule& rule, const RecurrentShape& shape,
         std::span<const TensorView> inputs)
        : op_(op),
          rule_(rule),
          shape_(shape),
          inputs_(inputs),
          activations_(activations_of(op, rule, shape.directions)) {}

    void run(std::int64_t direction, std::int64_t sample, std::span<const MutableView> outputs,
             const std::function<void(Cell&)>& step) const {
        const std::int64_t state = state_place(shape_, direction, sample);
        Cell cell;
        cell.hidden = shape_.hidden;
        cell.h = state_or_zero(op_, inputs_, 5, state, shape_.hidden);
        if (rule_.has_cell) {
            cell.c = state_or_zero(op_, inputs_, 6, state, shape_.hidden);
            cell.peepholes = state_or_zero(op_, inputs_, 7, direction * 3 * shape_.hidden, 3 * shape_.hidden);
        }
        const auto first = static_cast<std::ptrdiff_t>(rule_.activations.size()) * direction;
        cell.activations.assign(activations_.begin() + first,
                                activations_.begin() + first + static_cast<std::ptrdiff_t>(rule_.activations.size()));
        cell.recur = [&](std::size_t gate, std::int64_t unit, const std::vector<double>& h) {
            return recurrent_sum(direction, gate, unit, h);
        };
        // The second direction of a bidirectional node reads backwards. A short sequence is reversed within its own
        // length, not within the padded one: otherwise it would begin with padding.
        const bool is_reverse = direction == 1 || string_attribute(op_.node, "direction", "forward") == "reverse";
        const std::int64_t length = length_of(sample);
        for (std::int64_t i = 0; i < length; ++i) {
            const std::int64_t t = is_reverse ? length - 1 - i : i;
            cell.gates_x = input_sums(direction, sample, t);
            step(cell);
            if (!outputs.empty() && outputs[0].data != nullptr)
                store(cell.h, outputs[0].as<float>().data() + output_place(direction, sample, t));
        }
        // The final state is that after the sequence's own length, not that after the padding.
        if (outputs.size() > 1 && outputs[1].data != nullptr) store(cell.h, outputs[1].as<float>().data() + state);
        if (outputs.size() > 2 && outputs[2].data != nullptr) store(cell.c, outputs[2].as<float>().data() + state);
    }

private:
    /// Returns the number of times of a sample. The lengths come from data, so they are checked here, at run time.
    [[nodiscard]] std::int64_t length_of(std::int64_t sample) const {
        if (!op_.has_input(4)) return shape_.steps;
        const std::int64_t length = inputs_[4].as<std::int32_t>()[static_cast<std::size_t>(sample)];
        if (length < 0 || length > shape_.steps)
            refuse(op_,
                   "sequence length " + std::to_string(length) + " is outside 0 to " + std::to_string(shape_.steps));
        return length;
    }

    [[nodiscard]] std::int64_t output_place(std::int64_t direction, std::int64_t sample, std::int64_t t) const {
        const std::int64_t row = shape_.is_batch_first ? (sample * shape_.steps + t) * shape_.directions + direction
                                                       : (t * shape_.directions + direction) * shape_.batch + sample;
        return row * shape_.hidden;
    }

    [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(rule_.gates) * shape_.hidden; }

    [[nodiscard]] double bias(std::int64_t place) const {
        return op_.has_input(3) ? static_cast<double>(inputs_[3].as<float>()[static_cast<std::size_t>(place)]) : 0.0;
    }

    /// Returns W x + Wb for all gates of one time. They depend on the input alone, so they need no state.
    [[nodiscard]] std::vector<double> input_sums(std::int64_t direction, std::int64_t sample, std::int64_t t) const {
        const std::int64_t place = shape_.is_batch_first ? sample * shape_.steps + t : t * shape_.batch + sample;
        const float* x = inputs_[0].as<float>().data() + place * shape_.input;
        const float* w = inputs_[1].as<float>().data() + direction * rows() * shape_.input;
        std::vector<double> sums;
        for (std::int64_t row = 0; row < rows(); ++row) {
            double sum = bias(direction * 2 * rows() + row);
            for (std::int64_t i = 0; i < shape_.input; ++i)
                sum += static_cast<double>(x[i]) * static_cast<double>(*w++);
            sums.push_back(sum);
        }
        return sums;
    }

    /// Returns R h + Rb for one unit of one gate. The step asks for each sum itself, because GRU's last gate is
    /// computed from a state that its reset gate has scaled already. The bias tensor holds [Wb, Rb] for each direction.
    [[nodiscard]] double recurrent_sum(std::int64_t direction, std::size_t gate, std::int64_t unit,
                                       const std::vector<double>& h) const {
        const std::int64_t row = static_cast<std::int64_t>(gate) * shape_.hidden + unit;
        const float* r = inputs_[2].as<float>().data() + (direction * rows() + row) * shape_.hidden;
        double sum = bias((2 * direction + 1) * rows() + row);
        for (const double value : h) sum += value * static_cast<double>(*r++);
        return sum;
    }

    const OpContext& op_;
    const RecurrentRule& rule_;
    const RecurrentShape& shape_;
    std::span<const TensorView> inputs_;
    std::vector<Activation> activations_;
};

}  // namespace

RecurrentShape recurrent_shape(const OpContext& op, const RecurrentRule& rule) {
    check_inputs(op, 3, rule.has_cell ? 8 : 6);
    for (const std::size_t input : {0U, 1U, 2U, 3U, 5U, 6U, 7U}) check_dtype(op, input, {DType::f32});
    check_dtype(op, 4, {DType::s32});
    for (std::size_t input = 0; input < 3; ++input) check_rank(op, input, 3, 3);
    const Shape& x = op.inputs[0].shape;
    const std::string direction = string_attribute(op.node, "direction", "forward");
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
        refuse(op, "direction '" + direction + "' is none of forward reverse bidirectional");
    }
    RecurrentShape s;
    s.is_batch_first = int_attribute(op.node, "layout", 0) != 0;
    s.steps = x[s.is_batch_first ? 1 : 0];
    s.batch = x[s.is_batch_first ? 0 : 1];
    s.input = x[2];
    s.directions = direction == "bidirectional" ? 2 : 1;
    s.hidden = op.inputs[2].shape[2];
    // The limit of 2^24 keeps gates * hidden * input within 64 bits, whatever the file says.
    if (s.hidden < 1 || s.hidden >= (std::int64_t{1} << 24) || s.input < 1 || s.steps < 0)
        refuse(op, "its sizes must be known and at least 1");
    if (int_attribute(op.node, "hidden_size", s.hidden) != s.hidden)
        refuse(op, "hidden_size is not that of its weights");
    const std::int64_t rows = static_cast<std::int64_t>(rule.gates) * s.hidden;
    check_shape(op, 1, {s.directions, rows, s.input});
    check_shape(op, 2, {s.directions, rows, s.hidden});
    check_shape(op, 3, {s.directions, 2 * rows});
    check_shape(op, 4, {s.batch});
    check_shape(op, 5, state_shape(s));
    check_shape(op, 6, state_shape(s));
    check_shape(op, 7, {s.directions, 3 * s.hidden});
    if (int_attribute(op.node, "input_forget", 0) != 0) refuse(op, "input_forget is not supported");
    // Names of functions are checked here already, so that a wrong one is a refusal and not an error while running.
    (void)activations_of(op, rule, s.directions);
    return s;
}

std::vector<TensorType> recurrent_types(const OpContext& op, const RecurrentRule& rule) {
    check_outputs(op, rule.has_cell ? 3 : 2);
    const RecurrentShape s = recurrent_shape(op, rule);
    const Shape all = s.is_batch_first ? Shape{s.batch, s.steps, s.directions, s.hidden}
                                       : Shape{s.steps, s.directions, s.batch, s.hidden};
    std::vector<TensorType> types{{DType::f32, all}};
    while (types.size() < op.node.outputs.size()) types.push_back({DType::f32, state_shape(s)});
    return types;
}

void run_recurrent(const OpContext& op, const RecurrentRule& rule, std::span<const TensorView> inputs,
                   std::span<const MutableView> outputs, const std::function<void(Cell&)>& step) {
    const RecurrentShape shape = recurrent_shape(op, rule);
    const Pass pass(op, rule, shape, inputs);
    // Behind a sample's own length its outputs are zero, and no step writes there.
    if (!outputs.empty() && outputs[0].data != nullptr && op.has_input(4))
        std::ranges::fill(outputs[0].as<float>(), 0.0F);
    for (std::int64_t direction = 0; direction < shape.directions; ++direction) {
        for (std::int64_t sample = 0; sample < shape.batch; ++sample) pass.run(direction, sample, outputs, step);
    }
}

}  // namespace halftone::ref
