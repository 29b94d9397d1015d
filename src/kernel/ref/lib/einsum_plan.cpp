// einsum_plan: parse_terms, then label_dimensions for each operand (an ellipsis stands for labels of its own, counted
// from the last dimension, so that operands of different ranks are broadcast), then the order of labels. Source: ONNX
// operator Einsum, opset 12, which follows NumPy's einsum.
#include "kernel/ref/lib/einsum_plan.hpp"

#include <algorithm>
#include <map>

namespace halftone::ref {
namespace {

constexpr std::size_t kMaxEinsumRank = 32;

/// A letter, or a negative number: dimension -1, -2 … of what an ellipsis stands for.
using Label = int;
constexpr Label kEllipsis = 1000;

struct EinsumTerms {
    std::vector<std::vector<Label>> operands;
    std::vector<Label> output;
    bool has_output = false;
};

std::vector<Label> parse_term(const OpContext& op, const std::string& text) {
    std::vector<Label> labels;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == ' ') continue;
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (is_letter) {
            labels.push_back(c);
        } else if (text.compare(i, 3, "...") == 0 &&
                   std::find(labels.begin(), labels.end(), kEllipsis) == labels.end()) {
            labels.push_back(kEllipsis);
            i += 2;
        } else {
            refuse(op, "equation: '" + text + "' is no list of letters");
        }
        if (labels.size() > kMaxEinsumRank) refuse(op, "equation: a term has more than 32 letters");
    }
    return labels;
}

EinsumTerms parse_terms(const OpContext& op) {
    const std::string equation = string_attribute(op.node, "equation", "");
    EinsumTerms terms;
    // The arrow separates operands from the output; without it the output follows from the operands.
    const std::size_t arrow = equation.find("->");
    terms.has_output = arrow != std::string::npos;
    if (terms.has_output) terms.output = parse_term(op, equation.substr(arrow + 2));
    const std::string left = equation.substr(0, arrow);
    for (std::size_t begin = 0;;) {
        const std::size_t comma = left.find(',', begin);
        terms.operands.push_back(parse_term(op, left.substr(begin, comma - begin)));
        if (comma == std::string::npos) break;
        begin = comma + 1;
    }
    return terms;
}

/// One label for each of `rank` dimensions.
std::vector<Label> label_dimensions(const OpContext& op, const std::vector<Label>& term, std::size_t rank) {
    const bool has_ellipsis = std::find(term.begin(), term.end(), kEllipsis) != term.end();
    const std::size_t letters = term.size() - (has_ellipsis ? 1 : 0);
    if (rank > kMaxEinsumRank || letters > rank || (!has_ellipsis && letters != rank)) {
        refuse(op,
               "equation: a term of " + std::to_string(letters) + " letters does not fit rank " + std::to_string(rank));
    }
    std::vector<Label> labels;
    for (const Label label : term) {
        if (label != kEllipsis) {
            labels.push_back(label);
            continue;
        }
        // Counted from the last dimension, so that ellipses of different ranks meet there.
        for (std::size_t d = rank - letters; d > 0; --d) labels.push_back(-static_cast<Label>(d));
    }
    return labels;
}

/// Without "->" the output has the ellipsis, then every letter that stands once, in the order of the alphabet.
std::vector<Label> implicit_output(const std::vector<std::vector<Label>>& operands) {
    std::map<Label, int> counts;
    for (const auto& labels : operands) {
        for (const Label label : labels) ++counts[label];
    }
    std::vector<Label> output;
    // The map is ordered: dimensions of the ellipsis are negative and come first, then capital and small letters.
    for (const auto& [label, count] : counts) {
        if (label < 0 || count == 1) output.push_back(label);
    }
    return output;
}

/// The ellipsis of the output has all the dimensions that an operand's has.
std::vector<Label> explicit_output(const std::vector<Label>& term, const std::map<Label, std::int64_t>& sizes) {
    std::vector<Label> output;
    for (const Label label : term) {
        if (label != kEllipsis) {
            output.push_back(label);
            continue;
        }
        for (const auto& [known, size] : sizes) {
            if (known < 0) output.push_back(known);  // ordered: the first dimension has the least number
        }
    }
    return output;
}

}  // namespace

EinsumPlan einsum_plan(const OpContext& op, const std::vector<Shape>& shapes) {
    const EinsumTerms terms = parse_terms(op);
    if (terms.operands.size() != shapes.size()) {
        refuse(op, "equation has " + std::to_string(terms.operands.size()) + " terms for " +
                       std::to_string(shapes.size()) + " inputs");
    }
    std::vector<std::vector<Label>> operands;
    std::map<Label, std::int64_t> sizes;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        operands.push_back(label_dimensions(op, terms.operands[i], shapes[i].rank()));
        for (std::size_t d = 0; d < shapes[i].rank(); ++d) {
            std::int64_t& size = sizes.emplace(operands[i][d], 1).first->second;
            // A size of 1 is repeated, as NumPy allows for every label.
            if (size == 1) size = shapes[i][d];
            if (shapes[i][d] != 1 && shapes[i][d] != size) {
                refuse(op, "equation: the sizes of a label differ in " + shapes[i].to_text());
            }
        }
    }
    std::vector<Label> order = terms.has_output ? explicit_output(terms.output, sizes) : implicit_output(operands);
    EinsumPlan plan;
    plan.outputs = order.size();
    for (std::size_t i = 0; i < order.size(); ++i) {
        const bool is_twice = std::find(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(i), order[i]) !=
                              order.begin() + static_cast<std::ptrdiff_t>(i);
        if (is_twice || !sizes.contains(order[i])) refuse(op, "equation: the output has a letter twice or a new one");
    }
    for (const auto& [label, size] : sizes) {
        if (std::find(order.begin(), order.end(), label) == order.end()) order.push_back(label);
    }
    // Loops run in this order: labels of the output outside, those that are summed inside.
    for (const Label label : order) plan.sizes.push_back(sizes[label]);
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        // A label that an operand does not have keeps step 0: its elements are repeated along that loop, or counted
        // again in that sum.
        std::vector<std::int64_t> steps(order.size(), 0);
        std::int64_t step = 1;
        for (std::size_t d = shapes[i].rank(); d-- > 0;) {
            const auto place = std::find(order.begin(), order.end(), operands[i][d]) - order.begin();
            // A label twice in one operand walks along the diagonal, which is the sum of both steps.
            if (shapes[i][d] != 1) steps[static_cast<std::size_t>(place)] += step;
            step *= shapes[i][d] == kSymbolic ? 1 : shapes[i][d];
        }
        plan.steps.push_back(std::move(steps));
    }
    return plan;
}

}  // namespace halftone::ref
