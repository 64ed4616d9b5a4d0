#include "engine/environment.h"

#include "asl/time/timestamp.h"
#include "engine/inspector.h"
#include "engine/interpreter.h"

#include <algorithm>

namespace pawl::engine {

namespace {

using asl::Value;

Value text(std::string_view value) { return Value::string(value); }

}  // namespace

// Built once per evaluation that asks for it; the members and their order are the recorded ones.
const asl::Value& StateEnvironment::context() const {
  if (!context_.is_undefined()) return context_;
  const Inspector* inspector = turn_.services().inspector;
  if (inspector != nullptr && inspector->context() != nullptr) return *inspector->context();
  const Execution& execution = turn_.execution();
  const ExecutionRecord& record = execution.record;

  asl::ObjectBuilder execution_object;
  execution_object.set("Id", text(execution.arn));
  execution_object.set("Input", execution.input.value());
  execution_object.set("StartTime", text(asl::format_timestamp_ms(record.start_date)));
  execution_object.set("Name", text(record.name));
  execution_object.set("RoleArn", record.role_arn.empty() ? Value::null() : text(record.role_arn));
  // A synchronous execution shows none (recorded).
  if (!record.express || execution.restartable)
    execution_object.set("RedriveCount", Value::integer(record.redrive_count));
  if (record.redrive_date) {
    execution_object.set("RedriveTime", text(asl::format_timestamp_ms(*record.redrive_date)));
  }

  asl::ObjectBuilder machine_object;
  machine_object.set("Id", text(execution.state_machine_arn));
  machine_object.set(
      "Name", text(record.map_run ? record.machine + "/" + record.map_run->label : record.machine));

  const asl::State& state = state_of(execution, branch_);
  asl::ObjectBuilder state_object;
  state_object.set("Name", text(state.name));
  state_object.set("EnteredTime", text(asl::format_timestamp_ms(branch_.frame.entered_at)));
  if (std::holds_alternative<asl::TaskState>(state.body) ||
      std::holds_alternative<asl::ParallelState>(state.body) ||
      std::holds_alternative<asl::MapState>(state.body)) {
    state_object.set("RetryCount", Value::integer(branch_.frame.retry_count));
  }

  asl::ObjectBuilder context;
  context.set("Execution", std::move(execution_object).build());
  context.set("StateMachine", std::move(machine_object).build());
  context.set("State", std::move(state_object).build());
  if (Value map = map_context(); !map.is_undefined()) context.set("Map", std::move(map));
  if (!token_.empty()) {
    context.set("Task", Value::object({{text("Token"), text(token_)}}));
  }
  context_ = std::move(context).build();
  return context_;
}

// The item of the innermost Map around: the one being made, or the one whose branch this is.
asl::Value StateEnvironment::map_context() const {
  Execution& execution = turn_.execution();
  const Inspector* inspector = turn_.services().inspector;
  const MapItem* given = item_;
  if (given == nullptr && inspector != nullptr) given = inspector->map_item();
  MapItem found;
  if (given != nullptr) {
    found = *given;
  } else {
    const Branch* branch = &branch_;
    const Branch* container = nullptr;
    while (branch->id != kRootBranch) {
      container = execution.find(branch->frame.parent);
      PAWL_ASSERT(container != nullptr);
      if (container->frame.items.present()) break;
      branch = container;
    }
    if (branch->id == kRootBranch) return {};
    const Value& items = container->frame.items.value();
    const auto index = static_cast<std::size_t>(branch->frame.index);
    found.index = branch->frame.index;
    if (items.is_object()) {
      found.key = items.members()[index].key.as_string();
      found.value = items.members()[index].value;
    } else {
      found.value = items.items()[index];
    }
  }
  asl::ObjectBuilder item;
  item.set("Index", Value::integer(found.index));
  if (!found.key.empty()) item.set("Key", text(found.key));
  item.set("Value", found.value);
  if (!found.source.empty()) item.set("Source", text(found.source));
  return Value::object({{text("Item"), std::move(item).build()}});
}

const asl::Value* StateEnvironment::variable(std::string_view name) const {
  const Branch* branch = &branch_;
  for (;;) {
    const auto& own = branch->frame.variables;
    const auto known = std::find_if(
        own.begin(), own.end(), [name](const Variable& variable) { return variable.name == name; });
    if (known != own.end()) return &known->value.value();
    if (branch->id == kRootBranch) return nullptr;
    branch = turn_.execution().find(branch->frame.parent);
    PAWL_ASSERT(branch != nullptr);
  }
}

}  // namespace pawl::engine
