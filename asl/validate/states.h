// The checks of single fields and whole states that the tables in state_fields.cpp name. Each
// reports what it finds; none stops at the first problem.
#pragma once

#include "asl/model/place.h"
#include "asl/validate/context.h"

namespace pawl::asl {

// A state: its type, its fields by the table, and what its type demands.
void check_state(const Context& context, const Value& state, const Place& place);

// Fields with a shape of their own.
void check_resource(const Context& context, const Value& resource, const Place& place);
void check_assign(const Context& context, const Value& assign, const Place& place);
void check_retry(const Context& context, const Value& retry, const Place& place);
void check_catch(const Context& context, const Value& catchers, const Place& place);
void check_choices(const Context& context, const Value& choices, const Place& place);
void check_branches(const Context& context, const Value& branches, const Place& place);
void check_item_processor(const Context& context, const Value& processor, const Place& place);
void check_items(const Context& context, const Value& items, const Place& place);
void check_item_reader(const Context& context, const Value& reader, const Place& place);
void check_item_batcher(const Context& context, const Value& batcher, const Place& place);
void check_result_writer(const Context& context, const Value& writer, const Place& place);
void check_label(const Context& context, const Value& label, const Place& place);

// What concerns several fields of one state.
void check_task(const Context& context, const Value& state, const Place& place);
void check_wait(const Context& context, const Value& state, const Place& place);
void check_map(const Context& context, const Value& state, const Place& place);

// StartAt, the transitions between `states`, and whether all can be reached and one is an end.
void check_graph(const Context& context, const Value& machine, const Place& place);

// Puts a nested machine on the list of those to check, at this place in the report.
void append_machine(const Context& context, PendingMachine machine);

}  // namespace pawl::asl
