#include "kernel/dnnl/lib/step.hpp"

#include <algorithm>
#include <cstring>

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/layout.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

template <class T>
memory owning_memory(std::span<const T> values, memory::data_type type) {
    memory copy(row_major({static_cast<memory::dim>(values.size())}, type), cpu_engine());
    std::copy(values.begin(), values.end(), static_cast<T*>(copy.get_data_handle()));  // there may be none
    return copy;
}

/// oneDNN's handles are not const, also of what it only reads.
void* handle(const std::byte* bytes) { return const_cast<std::byte*>(bytes); }

}  // namespace

memory constant_memory(std::span<const float> values) { return owning_memory(values, memory::data_type::f32); }
memory constant_memory(std::span<const std::int32_t> values) { return owning_memory(values, memory::data_type::s32); }

dnnl::primitive_attr plain_attributes() {
    dnnl::primitive_attr attributes;
    // Otherwise every primitive would own its scratch memory; so all steps of a session share one buffer.
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
}

Step::Step(dnnl::primitive primitive, const dnnl::primitive_desc_base& descriptor, StepParts parts,
           const std::string& prefix)
    : primitive_(std::move(primitive)),
      implementation_(prefix + descriptor.impl_info_str()),
      parts_(std::move(parts)),
      scratch_(descriptor.scratchpad_desc(), cpu_engine(), DNNL_MEMORY_NONE),
      stream_(cpu_engine()) {
    const auto bind = [this](const Slot& slot) {
        const memory bound(slot.seen_as ? *slot.seen_as : onednn::descriptor(slot.layout), cpu_engine(),
                           DNNL_MEMORY_NONE);
        // The memory objects are made once, without data; execute() only sets their addresses, which costs next to
        // nothing.
        if (slot.argument != Slot::kCopiedToOutput) arguments_.emplace(slot.argument, bound);
        return bound;
    };
    for (const Slot& slot : parts_.inputs) inputs_.push_back(bind(slot));
    for (const Slot& slot : parts_.outputs) outputs_.push_back(bind(slot));
    // Handles of data are set in each execute(); constants are bound once, here.
    for (const auto& [argument, value] : parts_.constants) arguments_.emplace(argument, value);
    arguments_.emplace(DNNL_ARG_SCRATCHPAD, scratch_);
}

void Step::execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs, std::byte* scratch) {
    HALFTONE_CHECK(inputs.size() == inputs_.size() && outputs.size() == outputs_.size(), "one buffer for each slot");
    apply_kernel_threads();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Slot& slot = parts_.inputs[i];
        if (slot.argument != Slot::kCopiedToOutput) {
            inputs_[i].set_data_handle(handle(inputs[i]));
            // A residual that oneDNN adds to its output (the post-op sum) is put there first, unless it lies there
            // already.
        } else if (inputs[i] != outputs[0]) {
            std::memcpy(outputs[0], inputs[i], slot.layout.bytes());
        }
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) outputs_[i].set_data_handle(outputs[i]);
    scratch_.set_data_handle(scratch);
    checked(implementation_, [&] {
        dnnl::stream stream = stream_;  // a shared handle: execute() wants it mutable
        primitive_.execute(stream, arguments_);
        stream.wait();
    });
}

}  // namespace halftone::onednn
