// fp32's outputs are computed in the same batches as the candidates' and not taken from the baseline job: its batches
// hold other samples once the order of difficulty is known, and some fp32 kernels sum in another order in another row.
// So the numbers are the same for every rank, whichever shards it had before.
#include "eval/baseline_outputs.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace halftone {
namespace {

std::vector<TensorView> all_views(const std::vector<Tensor>& tensors) {
    std::vector<TensorView> views;
    for (const Tensor& tensor : tensors) views.push_back(tensor.view());
    return views;
}

}  // namespace

std::vector<TensorView> BaselineOutputs::of(std::int64_t first, const SessionShape& shape, const Session& other,
                                            const ScoredOutputs& outputs) {
    const auto found = kept_.find(first);
    if (found != kept_.end()) return all_views(found->second);
    if (!sessions_) sessions_ = std::make_unique<ShapedSessions>(model_.graph, resources_.options());
    Session& session = sessions_->at(shape);
    for (std::size_t i = 0; i < session.input_count(); ++i) {
        const TensorView from = other.input(i);
        std::memcpy(session.input(i).data, from.data, from.bytes());
    }
    session.run();
    std::size_t size = 0;
    current_.clear();
    const BatchOutputs batch = outputs_of(session, outputs);
    for (const TensorView& view : batch.views) {
        Tensor copy(view.type);
        std::copy_n(view.data, view.bytes(), copy.mutable_view().data);
        size += view.bytes();
        current_.push_back(std::move(copy));
    }
    // Kept in order of first use and never dropped: the same batches come round in the same order.
    if (bytes_ + size <= limit_bytes_) {
        bytes_ += size;
        kept_.emplace(first, current_);  // the copies share their buffers
    }
    return all_views(current_);
}

}  // namespace halftone
