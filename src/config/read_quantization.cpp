// quantization: approach, calibration, recipes and the constraints on the search space.
//
//   read_calibration   how many samples are observed, and where they come from
//   read_recipes       preparations of the model: corrections, equalization, smoothing (read_flags: one word or a list;
//                      combine_recipes: lists as what a search chooses between)
//   read_constraint    lists that narrow what a unit may be (read_lists, for weights and for activations)
//   read_rules         constraints by the type or the name of a unit; read_exclude: units that stay fp32
//   read_reduce_range  weights of 6 bits, for machines whose products saturate
//
// Words are checked here. Whether a unit can be what they say is found out later, by the kernels.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/name_regex.hpp"
#include "config/parts.hpp"

namespace halftone::config_detail {
namespace {

constexpr std::array<std::string_view, 4> kActivationDTypes{"uint8", "int8", "bf16", "fp32"};
constexpr std::array<std::string_view, 5> kWeightDTypes{"uint8", "int8", "int4", "bf16", "fp32"};
// The last two are PyTorch's. They are known words, so that LPOT's files parse, but no kernel here has them.
constexpr std::array<std::string_view, 4> kSchemes{"asym", "sym", "asym_float", "placeholder"};
constexpr std::array<std::string_view, 2> kGranularities{"per_tensor", "per_channel"};
// The value that suits most models. Source: Xiao et al., "SmoothQuant", 2022.
constexpr double kDefaultAlpha = 0.5;
constexpr double kAllBits = 7.0;  // LPOT's word for the full range of an int8 weight

/// Refuses the first number that is not allowed, with the whole list's place.
void check_numbers(Section& section, std::string_view key, const std::vector<double>& numbers,
                   const std::function<bool(double)>& is_allowed, std::string_view allowed) {
    for (const double number : numbers) {
        if (is_allowed(number)) continue;
        fail_at(*section.given(key), fmt::format("must be numbers {}, got '{}'", allowed, float_text(number)));
    }
}

/// Group sizes that ONNX Runtime has a product for (com.microsoft.MatMulNBits), and that keep scales few.
bool is_group_size(std::int64_t size) {
    constexpr std::int64_t kLeast = 16;
    constexpr std::int64_t kMost = 1024;
    return size >= kLeast && size <= kMost && (size & (size - 1)) == 0;
}

std::vector<std::int64_t> read_group_sizes(Section& section) {
    std::vector<std::int64_t> sizes = section.integers("group_size", {});
    for (const std::int64_t size : sizes) {
        if (is_group_size(size)) continue;
        fail_at(*section.given("group_size"),
                "must be one of: 16 32 64 128 256 512 1024, got '" + std::to_string(size) + "'");
    }
    return sizes;
}

/// Reads a list of observers' words. The set is open: a word is fine when the build has an observer for it.
/// Weights have rules without an observer besides: rtn, gptq and awq, of those that are stored by blocks.
std::vector<std::string> read_algorithms(Section& section, bool is_weight, const KnownNames& known, Notes& notes) {
    std::vector<std::string> words = section.words("algorithm", {});
    std::vector<std::string> algorithms = known.algorithms;
    if (is_weight) {
        algorithms.emplace_back("rtn");
        algorithms.insert(algorithms.end(), kDataAlgorithmWords.begin(), kDataAlgorithmWords.end());
    }
    const ConfigNode* node = section.given("algorithm");
    for (std::size_t i = 0; i < words.size(); ++i) {
        const Mark& mark = node->kind == ConfigNode::Kind::list ? node->items[i].mark : node->mark;
        check_name({mark, node->path}, words[i], kAlgorithms, algorithms, notes);
    }
    return words;
}

/// @param keeps_empty  show lists without a constraint in the effective config
ConstraintLists read_lists(Section section, bool is_weight, bool keeps_empty, ConfigNode& effective,
                           const KnownNames& known, Notes& notes) {
    ConstraintLists lists;
    lists.node = section.node();
    lists.dtype =
        is_weight ? section.words_among("dtype", kWeightDTypes) : section.words_among("dtype", kActivationDTypes);
    lists.scheme = section.words_among("scheme", kSchemes);
    for (const std::string& scheme : lists.scheme) {
        if (scheme == "asym" || scheme == "sym") continue;
        notes.add(*section.given("scheme"), "'" + scheme + "' is not available yet; available: asym sym");
    }
    lists.granularity = section.words_among("granularity", kGranularities);
    lists.algorithm = read_algorithms(section, is_weight, known, notes);
    if (is_weight) {
        lists.bit = section.numbers("bit", {});
        const auto is_allowed = [](double bit) { return bit >= 1 && bit <= kAllBits; };
        check_numbers(section, "bit", lists.bit, is_allowed, ">= 1.0 and <= 7.0");
        // Shown only where it is given, because it means nothing for other kinds of quantization.
        if (section.given("group_size") != nullptr) lists.group_size = read_group_sizes(section);
    } else {
        lists.percentile = section.numbers("percentile", {});
        const auto is_allowed = [](double share) { return share > 50 && share <= 100; };
        check_numbers(section, "percentile", lists.percentile, is_allowed, "> 50.0 and <= 100.0");
    }
    if (!keeps_empty) section.drop_empty_lists();
    effective = section.finish();
    return lists;
}

/// @param keeps_empty  as in read_lists: model_wise is printed in full, rules only with what they say
OpConstraint read_constraint(Section section, bool keeps_empty, ConfigNode& effective, const KnownNames& known,
                             Notes& notes) {
    OpConstraint constraint;
    ConfigNode weight, activation;
    constraint.weight = read_lists(section.section("weight"), true, keeps_empty, weight, known, notes);
    constraint.activation = read_lists(section.section("activation"), false, keeps_empty, activation, known, notes);
    if (keeps_empty || !weight.is_empty()) section.put("weight", std::move(weight));
    if (keeps_empty || !activation.is_empty()) section.put("activation", std::move(activation));
    effective = section.finish();
    return constraint;
}

/// Checked as soon as the config is read: a run must not fail on a pattern after the model has been prepared.
void check_rule_key(const ConstraintRule& rule, std::string_view section) {
    const std::string error = rule_key_error(rule.key);
    if (error.empty()) return;
    throw ConfigError(fmt::format("{}: {} '{}' {}", rule.key_mark.to_text(), section, shown_key(rule.key), error));
}

/// Keys are the user's: op names, patterns or types.
std::vector<ConstraintRule> read_rules(Section& parent, std::string_view key, const KnownNames& known, Notes& notes) {
    Section section = parent.section(key);
    // The keys are walked, not asked for one by one: a file may have tens of thousands, and each would be searched for.
    section.allow_any_key();
    std::vector<ConstraintRule> rules;
    for (const auto& [name, node] : section.node().entries) {
        ConfigNode effective;
        OpConstraint constraint = read_constraint(Section(node), false, effective, known, notes);
        section.put(name, std::move(effective));
        if (key == "op_wise" && name == "default_qconfig") {
            notes.add(node, "belongs to PyTorch's adaptor and is not available; use quantization.model_wise", true);
        }
        rules.push_back({.key = name, .key_mark = node.key_mark, .constraint = std::move(constraint)});
        if (key == "op_wise") check_rule_key(rules.back(), "quantization.op_wise");
    }
    parent.put(key, section.finish());
    return rules;
}

/// Rules without a constraint: they only name units.
std::vector<ConstraintRule> read_exclude(Section& section) {
    std::vector<ConstraintRule> rules;
    const std::vector<std::string> names = section.words("exclude", {});
    const ConfigNode* node = section.given("exclude");
    for (std::size_t i = 0; i < names.size(); ++i) {
        const Mark& mark = node->kind == ConfigNode::Kind::list ? node->items[i].mark : node->mark;
        if (names[i].empty()) throw ConfigError(mark.to_text() + ": " + node->path + " has an empty item");
        rules.push_back({.key = names[i], .key_mark = mark, .constraint = {}});
        check_rule_key(rules.back(), "quantization.exclude");
    }
    return rules;
}

void read_calibration(Section& parent, QuantizationConfig& config, const KnownNames& known, Notes& notes) {
    Section section = parent.section("calibration");
    config.sampling_sizes = section.integers("sampling_size", config.sampling_sizes);
    for (const std::int64_t size : config.sampling_sizes) {
        if (size > 0) continue;
        fail_at(*section.given("sampling_size"), "must be integers > 0, got '" + std::to_string(size) + "'");
    }
    // Several sizes are a dimension of the search; none would leave it nothing to calibrate with.
    if (config.sampling_sizes.empty())
        fail_at(*section.given("sampling_size"), "must be integers > 0, got an empty list");
    if (section.given("dataloader") != nullptr) {
        Section dataloader = section.section("dataloader");
        config.calibration = read_dataloader(dataloader, known, notes);
        section.put("dataloader", dataloader.finish());
    } else if (!needs_no_calibration(config.approach)) {
        // A note and no error: --print-config and the programs that need no data must work on such a file.
        const Section missing = section.section("dataloader");
        notes.add(
            missing.node(),
            "is missing: static quantization needs calibration data; add a dataloader with a dataset (docs/data.md)",
            true);
    }
    parent.put("calibration", section.finish());
}

/// What a recipe may be: one word, or a list of what the search shall try.
struct RecipeFlags {
    std::vector<bool> values{false};
    bool is_list = false;
};

RecipeFlags read_flags(Section& section, std::string_view key) {
    const ConfigNode* node = section.given(key);
    if (node == nullptr || node->kind != ConfigNode::Kind::list) return {.values = {section.boolean(key, false)}};
    static constexpr std::array<std::string_view, 4> kWords{"false", "true", "False", "True"};
    RecipeFlags flags{.values = {}, .is_list = true};
    for (const std::string& word : section.words_among(key, kWords)) {
        const bool value = word == "true" || word == "True";
        if (std::find(flags.values.begin(), flags.values.end(), value) == flags.values.end())
            flags.values.push_back(value);
    }
    if (flags.values.empty()) fail_at(*node, "must be True, False or a list of them, got an empty list");
    return flags;
}

struct ReadRecipes {
    RecipeFlags equalizes, smooths, corrects_weights, fast_bias, sequential_bias;
    std::vector<double> alphas;
};

/// The bias corrections that two lists leave: both at once would replace the same bias twice.
std::vector<BiasCorrection> bias_corrections(const ReadRecipes& recipes) {
    std::vector<BiasCorrection> found;
    for (const bool sequential : recipes.sequential_bias.values) {
        for (const bool fast : recipes.fast_bias.values) {
            if (sequential && fast) continue;
            found.push_back(sequential ? BiasCorrection::sequential
                            : fast     ? BiasCorrection::fast
                                       : BiasCorrection::none);
        }
    }
    return found;
}

/// The product of all lists, the first one slowest. A recipe that is no list is none of the search's business: it is
/// left out here, and holds for every candidate.
std::vector<Preparation> combine_recipes(const ReadRecipes& recipes) {
    std::vector<Preparation> all{{}};
    const auto multiply = [&](const auto& values, const auto& set) {
        std::vector<Preparation> longer;
        for (const Preparation& preparation : all) {
            for (const auto value : values) {
                longer.push_back(preparation);
                set(longer.back(), value);
            }
        }
        all = std::move(longer);
    };
    if (recipes.equalizes.is_list)
        multiply(recipes.equalizes.values, [](Preparation& p, bool value) { p.equalizes = value; });
    std::vector<std::optional<double>> alphas;
    for (const bool smooths : recipes.smooths.values) {
        if (smooths) alphas.insert(alphas.end(), recipes.alphas.begin(), recipes.alphas.end());
        if (!smooths) alphas.emplace_back();
    }
    multiply(alphas, [](Preparation& p, std::optional<double> alpha) { p.smooth_alpha = alpha; });
    if (recipes.corrects_weights.is_list)
        multiply(recipes.corrects_weights.values, [](Preparation& p, bool value) { p.corrects_weights = value; });
    if (recipes.fast_bias.is_list || recipes.sequential_bias.is_list)
        multiply(bias_corrections(recipes), [](Preparation& p, BiasCorrection value) { p.bias = value; });
    return all;
}

/// Stores what holds for every candidate, and what the search chooses between.
void take_recipes(const ReadRecipes& recipes, QuantizationConfig& config) {
    const auto always = [](const RecipeFlags& flags) { return !flags.is_list && flags.values.front(); };
    config.cross_layer_equalization = always(recipes.equalizes);
    config.weight_correction = always(recipes.corrects_weights);
    const bool chooses_bias = recipes.fast_bias.is_list || recipes.sequential_bias.is_list;
    config.fast_bias_correction = !chooses_bias && always(recipes.fast_bias);
    config.bias_correction = !chooses_bias && always(recipes.sequential_bias);
    // The alphas are read and checked even when smoothing is off, so that a mistake shows before it is switched on.
    if (always(recipes.smooths)) config.smooth_alphas = recipes.alphas;
    const bool has_lists =
        recipes.equalizes.is_list || recipes.smooths.is_list || recipes.corrects_weights.is_list || chooses_bias;
    if (has_lists) config.preparations = combine_recipes(recipes);
}

void read_recipes(Section& parent, QuantizationConfig& config, Notes& notes) {
    // `auto` in the place of the section: the search finds the preparations that suit the model.
    const ConfigNode* given = parent.given("recipes");
    if (given != nullptr && given->kind == ConfigNode::Kind::scalar) {
        static constexpr std::array<std::string_view, 1> kWords{"auto"};
        static_cast<void>(parent.word("recipes", "auto", kWords));
        config.finds_preparations = true;
        return;
    }
    Section section = parent.section("recipes");
    config.scale_propagation_max_pooling = section.boolean("scale_propagation_max_pooling", true);
    config.scale_propagation_concat = section.boolean("scale_propagation_concat", true);
    config.first_conv_or_matmul_quantization = section.boolean("first_conv_or_matmul_quantization", true);
    config.last_conv_or_matmul_quantization = section.boolean("last_conv_or_matmul_quantization", true);
    ReadRecipes recipes;
    recipes.fast_bias = read_flags(section, "fast_bias_correction");
    recipes.corrects_weights = read_flags(section, "weight_correction");
    recipes.sequential_bias = read_flags(section, "bias_correction");
    recipes.equalizes = read_flags(section, "cross_layer_equalization");
    recipes.smooths = read_flags(section, "smooth_quant");
    Section smoothing = section.section("smooth_quant_args");
    recipes.alphas = smoothing.numbers("alpha", {kDefaultAlpha});
    check_numbers(
        smoothing, "alpha", recipes.alphas, [](double alpha) { return alpha >= 0 && alpha <= 1; }, ">= 0.0 and <= 1.0");
    section.put("smooth_quant_args", smoothing.finish());
    // Both replace the same biases, one by measuring and one by a formula.
    if (bias_corrections(recipes).empty()) {
        fail_at(*section.given("bias_correction"), "and fast_bias_correction exclude each other");
    }
    take_recipes(recipes, config);
    // Some approaches can do without calibration data, and these recipes cannot.
    const bool chooses_data = std::any_of(config.preparations.begin(), config.preparations.end(), needs_data);
    const bool needs = !config.smooth_alphas.empty() || config.bias_correction || config.fast_bias_correction;
    if ((needs || chooses_data) && !config.calibration && needs_no_calibration(config.approach)) {
        notes.add(section.node(), "has a recipe that needs calibration data: add quantization.calibration.dataloader",
                  true);
    }
    parent.put("recipes", section.finish());
}

void read_reduce_range(Section& section, QuantizationConfig& config) {
    static constexpr std::array<std::string_view, 8> kWords{"auto", "on",    "off",  "verify",
                                                            "true", "false", "True", "False"};
    std::string word = section.word("reduce_range", config.reduce_range, kWords);
    // LPOT has a boolean here. The words of ours go beyond it, and the spellings of a boolean stay valid.
    if (word == "true" || word == "True") word = "on";
    if (word == "false" || word == "False") word = "off";
    config.reduce_range = word;
}

void read_advance(Section& parent, Notes& notes) {
    if (parent.given("advance") == nullptr) return;
    static constexpr std::array<std::string_view, 1> kCorrections{"weight_empirical"};
    Section section = parent.section("advance");
    if (const ConfigNode* node = section.given("bias_correction")) {
        const std::string word = section.word("bias_correction", "", kCorrections);
        notes.add(*node, "'" + word + "' is not available yet; available: none");
    }
    parent.put("advance", section.finish());
}

}  // namespace

QuantizationConfig read_quantization(Section& section, const KnownNames& known, Notes& notes) {
    QuantizationConfig config;
    config.approach = section.word("approach", config.approach, kApproaches);
    if (const ConfigNode* node = section.keep("train"))
        notes.add(*node, "is not available: Halftone does not train", true);
    read_advance(section, notes);
    read_calibration(section, config, known, notes);
    read_recipes(section, config, notes);
    ConfigNode model_wise;
    config.model_wise = read_constraint(section.section("model_wise"), true, model_wise, known, notes);
    section.put("model_wise", std::move(model_wise));
    config.optype_wise = read_rules(section, "optype_wise", known, notes);
    config.op_wise = read_rules(section, "op_wise", known, notes);
    config.exclude = read_exclude(section);
    read_reduce_range(section, config);
    if (const std::string word(config.data_algorithm()); !word.empty() && !config.calibration) {
        notes.add(
            section.node(),
            "names the algorithm " + word + ", which needs calibration data: add quantization.calibration.dataloader",
            true);
    }
    return config;
}

}  // namespace halftone::config_detail

namespace halftone {

std::string_view QuantizationConfig::data_algorithm() const {
    for (const std::string_view word : kDataAlgorithmWords) {
        if (names_weight_algorithm(word)) return word;
    }
    return {};
}

bool QuantizationConfig::names_weight_algorithm(std::string_view word) const {
    const auto names = [&](const OpConstraint& constraint) {
        const auto& words = constraint.weight.algorithm;
        return std::find(words.begin(), words.end(), word) != words.end();
    };
    const auto rule_names = [&](const ConstraintRule& rule) { return names(rule.constraint); };
    return names(model_wise) || std::any_of(optype_wise.begin(), optype_wise.end(), rule_names) ||
           std::any_of(op_wise.begin(), op_wise.end(), rule_names);
}

}  // namespace halftone
