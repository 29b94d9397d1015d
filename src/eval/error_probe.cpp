// ErrorProbe: the fp32 model and a candidate side by side on the same samples.
//
//   seen_output      where a unit's output is to be read in a quantized graph
//   run, run_units   both sessions on one batch; the sums of the differences (trial/probe.hpp has the formulas)
//   run_reference_outputs   the fp32 model's outputs of a batch, kept for the next candidate
//   encode_errors    a shard's sums as bytes
//   merge_errors     all shards' sums, added in shard order so that any number of ranks rounds alike
#include "eval/error_probe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/budget.hpp"
#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"
#include "eval/used_rows.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// What a probe keeps of the fp32 model's outputs. A classifier's are a few megabytes for all samples; those of a
/// language model are hundreds for each batch.
constexpr std::size_t kKeptBytes = std::size_t{256} << 20;

/// The output of the reader of `value` with this operator; invalid if there is none. A value has at most one Q and one
/// DQ (export rule E.4), so the first one found is the only one.
ValueId output_of_reader(const Graph& graph, ValueId value, const char* op) {
    for (const Use& use : graph.uses(value)) {
        if (graph.node(use.node).op == op) return graph.node(use.node).outputs[0];
    }
    return {};
}

CompileOptions with_taps(CompileOptions options, ProbeKind what, const PreparedModel& model, const Graph& graph) {
    if (what == ProbeKind::output_error) return options;
    for (const Unit& unit : model.units) {
        options.taps.push_back(seen_output(graph, model.graph.value(unit.output).name));
    }
    return options;
}

}  // namespace

ValueId seen_output(const Graph& graph, const std::string& value) {
    const auto real = graph.find_value(value);
    HALFTONE_CHECK(real.has_value(), "a quantized graph keeps its units' outputs");
    // Readers of a quantized value read the DequantizeLinear's output. Comparing the value in front of the
    // QuantizeLinear instead would leave out the rounding of the output itself.
    const ValueId codes = output_of_reader(graph, *real, "QuantizeLinear");
    if (!codes.is_valid()) return *real;
    const ValueId back = output_of_reader(graph, codes, "DequantizeLinear");
    return back.is_valid() ? back : *real;
}

void add_errors(ErrorSums& sums, TensorView reference, TensorView other, const Shape& declared, BatchRows rows) {
    const auto x = reference.as<float>();
    const auto y = other.as<float>();
    HALFTONE_CHECK(x.size() == y.size(), "the compared values have one shape");
    const auto [block, used] = used_rows(declared, reference.type.shape, rows.used, rows.all);
    // Padding rows would add errors of samples that do not exist. They are not always at the end: see
    // eval/used_rows.hpp.
    for (std::size_t begin = 0; begin < x.size(); begin += block) {
        // What is no number in the fp32 model itself is nobody's error. It is left out, as in calibration.
        for (std::size_t i = begin; i < begin + used; ++i) {
            if (std::isfinite(x[i])) sums.add(x[i], y[i]);
        }
    }
}

namespace {

// Ten doubles and a count: what encode_errors writes for each value.
constexpr std::size_t kErrorSumsBytes = 11 * 8;

/// The ten sums in the order of the wire. Writer and reader walk the same list, so they cannot drift apart.
std::array<double*, 10> fields(ErrorSums& sums) {
    return {&sums.error,         &sums.reference, &sums.quantized, &sums.product,       &sums.sum,
            &sums.quantized_sum, &sums.min,       &sums.max,       &sums.quantized_min, &sums.quantized_max};
}

/// Whether a count is one: sums of damaged counts would overflow.
bool is_countable(std::int64_t count) { return count >= 0 && count <= std::int64_t{1} << 48; }

}  // namespace

std::string encode_errors(const std::vector<ErrorSums>& sums, std::int64_t samples) {
    WireWriter wire;
    wire.put(samples);
    wire.put_varint(sums.size());
    for (ErrorSums each : sums) {
        for (const double* field : fields(each)) wire.put(*field);
        wire.put(each.count);
    }
    return wire.take();
}

ProbeResult merge_errors(const std::vector<std::string>& payloads) {
    ProbeResult merged;
    for (const std::string& payload : payloads) {
        ByteReader wire(payload, "a shard's error sums");
        const auto samples = wire.get<std::int64_t>();
        wire.expect(is_countable(samples), "a number of samples");
        const std::size_t count = wire.get_count(kErrorSumsBytes);
        wire.require<MpiError>();
        merged.samples += samples;
        // A shard behind the candidate's samples has as many values as the others, all of them zero.
        merged.values.resize(std::max<std::size_t>(merged.values.size(), count));
        for (std::size_t i = 0; i < count; ++i) {
            ErrorSums shard;
            for (double* field : fields(shard)) *field = wire.get<double>();
            shard.count = wire.get<std::int64_t>();
            wire.expect(is_countable(shard.count), "a number of elements");
            wire.require<MpiError>();
            merged.values[i].merge(shard);
        }
        wire.require_end<MpiError>();
    }
    // A NaN or an infinity in any sample of either model shows in one of these two sums.
    const auto is_finite = [](const ErrorSums& sums) { return std::isfinite(sums.error + sums.product); };
    if (!std::all_of(merged.values.begin(), merged.values.end(), is_finite)) {
        return {{}, merged.samples, "a value is NaN or infinite"};
    }
    return merged;
}

ErrorProbe::ErrorProbe(ProbeKind what, const PreparedModel& fp32, const Graph& quantized, const CompileOptions& options)
    : what_(what),
      fp32_(fp32),
      options_(options),
      reference_(fp32.graph, reference_ops(), with_taps(options, what, fp32, fp32.graph)) {
    replace(quantized);
    if (what == ProbeKind::output_error) {
        for (std::size_t i = 0; i < fp32.graph.outputs().size(); ++i) {
            const TensorType& type = fp32.graph.value(fp32.graph.outputs()[i]).type;
            if (type.dtype != DType::f32) continue;
            compared_outputs_.push_back(i);
            declared_.push_back(type.shape);
        }
        return;
    }
    for (const Unit& unit : fp32.units) declared_.push_back(fp32.graph.value(unit.output).type.shape);
}

void ErrorProbe::replace(const Graph& quantized) {
    quantized_.reset();  // first, so that two candidates' weights are never in memory at once
    quantized_ = std::make_unique<Session>(quantized, reference_ops(), with_taps(options_, what_, fp32_, quantized));
}

/// Runs the fp32 model on a batch, or finds its outputs from an earlier candidate's run.
void ErrorProbe::run_reference_outputs(std::int64_t first) {
    reference_outputs_.clear();
    if (const auto known = outputs_.find(first); known != outputs_.end()) {
        for (const Tensor& output : known->second) reference_outputs_.push_back(output.view());
        return;
    }
    reference_.run();
    std::size_t bytes = 0;
    for (const std::size_t i : compared_outputs_) {
        reference_outputs_.push_back(reference_.output(i));
        bytes += reference_outputs_.back().bytes();
    }
    // The next candidate is compared with the kept outputs. The first batches are kept and later ones are run again
    // each time: candidates come batch by batch from the start, and whatever was dropped would be what comes next.
    const bool is_short_of_memory = bytes > process_budget().bytes_left() / 4;
    if (bytes > kKeptBytes - kept_bytes_ || is_short_of_memory) return;
    kept_bytes_ += bytes;
    std::vector<Tensor>& kept = outputs_[first];
    for (const TensorView& output : reference_outputs_) {
        kept.emplace_back(output.type);
        std::memcpy(kept.back().mutable_view().data, output.data, output.bytes());
    }
}

void ErrorProbe::copy_inputs() {
    for (std::size_t i = 0; i < reference_.input_count(); ++i) {
        const MutableView from = reference_.input(i);
        std::memcpy(quantized_->input(i).data, from.data, from.bytes());
    }
}

void ErrorProbe::run_units() {
    copy_inputs();
    reference_.run();
    quantized_->run();
}

void ErrorProbe::run(std::int64_t first, std::int64_t rows, std::vector<ErrorSums>& sums) {
    const BatchRows used{.used = rows, .all = options_.batch};
    if (what_ == ProbeKind::output_error) {
        copy_inputs();
        run_reference_outputs(first);
        quantized_->run();
        for (std::size_t i = 0; i < compared_outputs_.size(); ++i) {
            add_errors(sums[i], reference_outputs_[i], quantized_->output(compared_outputs_[i]), declared_[i], used);
        }
        return;
    }
    run_units();
    for (std::size_t i = 0; i < declared_.size(); ++i) {
        add_errors(sums[i], reference_.tap(i), quantized_->tap(i), declared_[i], used);
    }
}

}  // namespace halftone
