#pragma once
// What a candidate's failure is, in one place: scores and probes must agree on it.

#include <new>
#include <string>

#include "base/budget.hpp"
#include "base/error.hpp"

namespace halftone {

/// Runs a step that belongs to one candidate, and returns why the candidate cannot be evaluated; empty if it can. A
/// refusal of the model and too little memory are the candidate's failure, and the search goes on with others. Any
/// other exception is about the world and passes through.
template <class Step>
[[nodiscard]] std::string failure_of(Step&& step) {
    try {
        step();
    } catch (const ModelError& error) {
        return error.what();
    } catch (const BudgetError& error) {
        return error.what();
    } catch (const std::bad_alloc&) {
        return out_of_memory_text();
    }
    return {};
}

}  // namespace halftone
