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

/// Returns the numbers of the outputs that hold real values; nothing where units are compared.
std::vector<std::size_t> real_outputs(ProbeKind what, const Graph& graph) {
    std::vector<std::size_t> outputs;
    for (std::size_t i = 0; what == ProbeKind::output_error && i < graph.outputs().size(); ++i) {
        if (graph.value(graph.outputs()[i]).type.dtype == DType::f32) outputs.push_back(i);
    }
    return outputs;
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

void add_errors(ErrorSums& sums, TensorView reference, TensorView other, const std::vector<UsedRun>& runs) {
    const auto x = reference.as<float>();
    const auto y = other.as<float>();
    HALFTONE_CHECK(x.size() == y.size(), "the compared values have one shape");
    // Padding would add errors of samples that do not exist. It is not always at the end: see eval/used_rows.hpp.
    for (const UsedRun& run : runs) {
        // What is no number in the fp32 model itself is nobody's error. It is left out, as in calibration.
        for (std::size_t i = run.begin; i < run.begin + run.count; ++i) {
            if (std::isfinite(x[i])) sums.add(x[i], y[i]);
        }
    }
}

void add_errors(ErrorSums& sums, TensorView reference, TensorView other, const Shape& declared, BatchRows rows) {
    const UsedParts parts{.rows = rows.used, .batch = rows.all};
    add_errors(sums, reference, other, parts.runs(declared, reference.type.shape, 0));
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
      compared_outputs_(real_outputs(what, fp32.graph)),
      reference_sessions_(fp32.graph, with_taps(options, what, fp32, fp32.graph)),
      unpadded_(fp32.graph, compared_values()) {
    for (const ValueId value : compared_values()) declared_.push_back(fp32.graph.value(value).type.shape);
    replace(quantized);
    (void)inputs();
}

/// Returns the values of the fp32 model whose counterparts are compared: outputs, or outputs of units.
std::vector<ValueId> ErrorProbe::compared_values() const {
    std::vector<ValueId> values;
    for (const std::size_t i : compared_outputs_) values.push_back(fp32_.graph.outputs()[i]);
    if (what_ == ProbeKind::output_error) return values;
    for (const Unit& unit : fp32_.units) values.push_back(unit.output);
    return values;
}

void ErrorProbe::replace(const Graph& quantized) {
    quantized_ = nullptr;
    quantized_sessions_.reset();  // first, so that two candidates' weights are never in memory at once
    quantized_sessions_ = std::make_unique<ShapedSessions>(quantized, with_taps(options_, what_, fp32_, quantized));
    if (reference_ != nullptr) quantized_ = &quantized_sessions_->at(shape_);
}

std::vector<MutableView> ErrorProbe::inputs(const SessionShape& shape) {
    shape_ = shape;
    reference_ = &reference_sessions_.at(shape);
    quantized_ = &quantized_sessions_->at(shape);
    return inputs_of(*reference_);
}

/// Runs the fp32 model on a batch, or finds its outputs from an earlier candidate's run.
void ErrorProbe::run_reference_outputs(const SampleBatch& batch) {
    reference_outputs_.clear();
    // Not by its first sample alone: a candidate that was calibrated with few samples has a last batch with fewer rows
    // than others, and where samples differ in size, other samples in it.
    const std::vector<std::int64_t> key(batch.ids.begin(), batch.ids.end());
    if (const auto known = outputs_.find(key); known != outputs_.end()) {
        for (const Tensor& output : known->second) reference_outputs_.push_back(output.view());
        return;
    }
    reference_->run();
    std::size_t bytes = 0;
    for (const std::size_t i : compared_outputs_) {
        reference_outputs_.push_back(reference_->output(i));
        bytes += reference_outputs_.back().bytes();
    }
    // The next candidate is compared with the kept outputs. The first batches are kept and later ones are run again
    // each time: candidates come batch by batch from the start, and whatever was dropped would be what comes next.
    const bool is_short_of_memory = bytes > process_budget().bytes_left() / 4;
    if (bytes > kKeptBytes - kept_bytes_ || is_short_of_memory) return;
    kept_bytes_ += bytes;
    std::vector<Tensor>& kept = outputs_[key];
    for (const TensorView& output : reference_outputs_) {
        kept.emplace_back(output.type);
        std::memcpy(kept.back().mutable_view().data, output.data, output.bytes());
    }
}

void ErrorProbe::copy_inputs() {
    for (std::size_t i = 0; i < reference_->input_count(); ++i) {
        const MutableView from = reference_->input(i);
        std::memcpy(quantized_->input(i).data, from.data, from.bytes());
    }
}

void ErrorProbe::run_units() {
    copy_inputs();
    reference_->run();
    quantized_->run();
}

void ErrorProbe::run(const SampleBatch& batch, std::vector<ErrorSums>& sums) {
    const UsedParts parts = unpadded_.parts_of(batch, shape_.rows);
    if (what_ == ProbeKind::output_error) {
        copy_inputs();
        run_reference_outputs(batch);
        quantized_->run();
        for (std::size_t i = 0; i < compared_outputs_.size(); ++i) {
            const TensorView& reference = reference_outputs_[i];
            add_errors(sums[i], reference, quantized_->output(compared_outputs_[i]),
                       parts.runs(declared_[i], reference.type.shape, i));
        }
        return;
    }
    run_units();
    for (std::size_t i = 0; i < declared_.size(); ++i) {
        add_errors(sums[i], reference_->tap(i), quantized_->tap(i),
                   parts.runs(declared_[i], reference_->tap(i).type.shape, i));
    }
}

}  // namespace halftone
