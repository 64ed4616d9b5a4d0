// CreateStateMachineAlias, DescribeStateMachineAlias, UpdateStateMachineAlias,
// DeleteStateMachineAlias, ListStateMachineAliases.
//
// Source: api-facts section 4; recorded cases sfn_api_aliasing.
#include "asl/json/writer.h"
#include "service/actions/actions.h"
#include "service/page_token.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pawl::service {

namespace {

ApiError no_such_alias(std::string_view arn) {
  ApiError error{"ResourceNotFound", "Request references a resource that does not exist."};
  error.resource_name = arn;
  return error;
}

ApiError bad_routing(std::string_view message) {
  ApiError error = validation_error(message);
  error.reason = "INVALID_ROUTING_CONFIGURATION";
  return error;
}

std::string alias_arn(Api& api, std::string_view machine, std::string_view alias) {
  return api.engine().machine_arn(machine) + ":" + std::string(alias);
}

asl::Value brief(Api& api, std::string_view machine, const Alias& alias) {
  asl::ObjectBuilder out;
  out.set("stateMachineAliasArn", asl::Value::string(alias_arn(api, machine, alias.name)));
  out.set("creationDate", engine::epoch_seconds(alias.creation_date));
  return std::move(out).build();
}

// A routing configuration as it was asked for, and the machine whose versions it names.
struct Routing {
  MachinePointer machine;
  Configuration configuration;
  std::vector<Route> routes;
};

// Checks routingConfiguration, whose form the model has checked.
Checked<Routing> read_routing(Api& api, const asl::Value& list) {
  std::vector<std::string_view> arns;
  std::vector<std::int64_t> weights;
  for (const asl::Value& item : list.items()) {
    arns.push_back(item.find("stateMachineVersionArn")->as_string());
    weights.push_back(item.find("weight")->as_int());
  }
  Routing routing;
  std::vector<Arn> parsed;
  for (const std::string_view arn : arns) {
    Checked<Arn> one = parse_arn(arn, kStateMachines);
    if (auto* refused = std::get_if<ApiError>(&one)) return std::move(*refused);
    parsed.push_back(std::get<Arn>(std::move(one)));
    if (!parsed.back().names_version()) {
      return bad_routing(fmt::format(
          "Routing configuration must contain state machine version ARNs. Received: [{}]",
          fmt::join(arns, ", ")));
    }
  }
  if (arns.size() == 2 && arns[0] == arns[1]) {
    return bad_routing(fmt::format(
        "Routing configuration must contain distinct state machine version ARNs. Received: [{}]",
        fmt::join(arns, ", ")));
  }
  if (parsed.size() == 2 && parsed[0].name != parsed[1].name) {
    return bad_routing(fmt::format(
        "Routing configuration must contain versions of one state machine. Received: [{}]",
        fmt::join(arns, ", ")));
  }
  std::int64_t sum = 0;
  for (const std::int64_t weight : weights) sum += weight;
  if (sum != 100) {
    return bad_routing(
        fmt::format("Sum of routing configuration weights must equal 100. Received: [{}]",
                    fmt::join(weights, ", ")));
  }
  const Checked<FoundMachine> found = find_machine(api, arns[0]);
  if (const auto* refused = std::get_if<ApiError>(&found)) {
    return refused->code == "StateMachineDoesNotExist" ? no_such_alias(arns[0]) : *refused;
  }
  routing.machine = std::get<FoundMachine>(found).record;
  if (routing.machine->deleting) return state_machine_deleting(arns[0]);
  routing.configuration = decode_configuration(routing.machine->configuration);
  for (std::size_t i = 0; i < arns.size(); ++i) {
    const Version* version = find_version(routing.configuration, parsed[i].qualifier);
    if (version == nullptr || version_arn(api, parsed[i].name, version->number) != arns[i]) {
      return no_such_alias(arns[i]);
    }
    routing.routes.push_back({version->number, weights[i]});
  }
  return routing;
}

struct FoundAlias {
  MachinePointer machine;
  Configuration configuration;
  std::size_t index = 0;
};

Checked<FoundAlias> find_by_arn(Api& api, std::string_view arn) {
  Checked<FoundMachine> found = find_machine(api, arn);
  if (auto* refused = std::get_if<ApiError>(&found)) {
    return refused->code == "StateMachineDoesNotExist" ? no_such_alias(arn) : std::move(*refused);
  }
  auto& machine = std::get<FoundMachine>(found);
  if (!machine.arn.names_alias()) {
    return validation_error(
        fmt::format("The ARN of a state machine alias is needed. Received: {}", arn));
  }
  FoundAlias alias{machine.record, decode_configuration(machine.record->configuration), 0};
  const Alias* known = find_alias(alias.configuration, machine.arn.qualifier);
  if (known == nullptr) return no_such_alias(arn);
  alias.index = static_cast<std::size_t>(known - alias.configuration.aliases.data());
  return alias;
}

}  // namespace

Answer create_state_machine_alias(Api& api, const Request& request) {
  Checked<Routing> checked = read_routing(api, *request.member("routingConfiguration"));
  if (auto* refused = std::get_if<ApiError>(&checked)) return std::move(*refused);
  auto& [machine, configuration, routes] = std::get<Routing>(checked);
  const std::string_view name = request.text("name");
  const std::string_view description = request.text("description");
  if (const Alias* known = find_alias(configuration, name)) {
    if (known->description == description && known->routes == routes) {
      return answer(brief(api, machine->name, *known));
    }
    return ApiError{"ConflictException",
                    "Failed to create alias because an alias with the same name and a different "
                    "routing configuration already exists."};
  }
  if (configuration.aliases.size() >= api.limits().aliases) {
    return ApiError{"ServiceQuotaExceededException",
                    fmt::format("The state machine has the largest number of aliases that is "
                                "allowed: {}",
                                api.limits().aliases)};
  }
  configuration.aliases.push_back(
      {std::string(name), std::string(description), std::move(routes), api.now(), api.now()});
  const Status kept = keep_configuration(api, machine->name, configuration);
  if (!kept) return engine_error(kept.error());
  return answer(brief(api, machine->name, configuration.aliases.back()));
}

Answer describe_state_machine_alias(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineAliasArn");
  const Checked<FoundAlias> checked = find_by_arn(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& found = std::get<FoundAlias>(checked);
  const Alias& alias = found.configuration.aliases[found.index];
  std::vector<asl::Value> routes;
  for (const Route& route : alias.routes) {
    asl::ObjectBuilder item;
    item.set("stateMachineVersionArn",
             asl::Value::string(version_arn(api, found.machine->name, route.version)));
    item.set("weight", asl::Value::integer(route.weight));
    routes.push_back(std::move(item).build());
  }
  asl::ObjectBuilder out;
  out.set("stateMachineAliasArn", asl::Value::string(arn));
  out.set("name", asl::Value::string(alias.name));
  if (!alias.description.empty()) out.set("description", asl::Value::string(alias.description));
  out.set("routingConfiguration", asl::Value::array(std::move(routes)));
  out.set("creationDate", engine::epoch_seconds(alias.creation_date));
  out.set("updateDate", engine::epoch_seconds(alias.update_date));
  return answer(std::move(out).build());
}

Answer update_state_machine_alias(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineAliasArn");
  const asl::Value* list = request.member("routingConfiguration");
  if (list == nullptr && !request.has("description")) {
    ApiError refused =
        validation_error("Either the description or the routingConfiguration must be specified");
    refused.reason = "MISSING_REQUIRED_PARAMETER";
    return refused;
  }
  Checked<FoundAlias> checked = find_by_arn(api, arn);
  if (auto* refused = std::get_if<ApiError>(&checked)) return std::move(*refused);
  auto& found = std::get<FoundAlias>(checked);
  Alias& alias = found.configuration.aliases[found.index];
  const Alias before = alias;
  if (list != nullptr) {
    Checked<Routing> routing = read_routing(api, *list);
    if (auto* refused = std::get_if<ApiError>(&routing)) return std::move(*refused);
    if (std::get<Routing>(routing).machine->name != found.machine->name) {
      return bad_routing(
          "Routing configuration must contain versions of the alias's state machine.");
    }
    alias.routes = std::move(std::get<Routing>(routing).routes);
  }
  if (request.has("description")) alias.description = request.text("description");
  if (alias.routes != before.routes || alias.description != before.description) {
    alias.update_date = api.now();
    const Status kept = keep_configuration(api, found.machine->name, found.configuration);
    if (!kept) return engine_error(kept.error());
  }
  asl::ObjectBuilder out;
  out.set("updateDate", engine::epoch_seconds(alias.update_date));
  return answer(std::move(out).build());
}

Answer delete_state_machine_alias(Api& api, const Request& request) {
  Checked<FoundAlias> checked = find_by_arn(api, request.text("stateMachineAliasArn"));
  if (auto* refused = std::get_if<ApiError>(&checked)) return std::move(*refused);
  auto& found = std::get<FoundAlias>(checked);
  auto& aliases = found.configuration.aliases;
  aliases.erase(aliases.begin() + static_cast<std::ptrdiff_t>(found.index));
  const Status kept = keep_configuration(api, found.machine->name, found.configuration);
  if (!kept) return engine_error(kept.error());
  return empty_answer();
}

// In the order of creation, as recorded; the documentation says newest first.
Answer list_state_machine_aliases(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineArn");
  const Checked<FoundMachine> checked = find_machine(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& found = std::get<FoundMachine>(checked);
  if (auto refused = refuse_label(found.arn)) return *std::move(refused);
  if (found.record->deleting) return state_machine_deleting(arn);
  const Configuration configuration = decode_configuration(found.record->configuration);
  std::uint32_t version = 0;  // 0: all
  if (!found.arn.qualifier.empty()) {
    const Version* known = find_version(configuration, found.arn.qualifier);
    if (known == nullptr) return no_such_alias(arn);
    version = known->number;
  }

  const std::string list = "ListStateMachineAliases\n" + std::string(arn);
  std::string after;
  if (request.has("nextToken")) {
    auto cursor = read_page_token(request.text("nextToken"), list, api.now());
    if (!cursor) return invalid_token();
    after = *std::move(cursor);
  }
  // An alias goes on behind the one that was shown last, or behind its date if that is gone.
  const auto key = [](const Alias& alias) {
    return fmt::format("{:020}{}", alias.creation_date.time_since_epoch().count(), alias.name);
  };
  std::vector<const Alias*> sorted;
  for (const Alias& alias : configuration.aliases) {
    const bool uses = version == 0 || std::any_of(alias.routes.begin(), alias.routes.end(),
                                                  [version](const Route& route) {
                                                    return route.version == version;
                                                  });
    if (uses && (after.empty() || key(alias) > after)) sorted.push_back(&alias);
  }
  std::sort(sorted.begin(), sorted.end(),
            [&key](const Alias* a, const Alias* b) { return key(*a) < key(*b); });
  const std::size_t max = request.page_size(kPageSizeDefault);
  std::vector<asl::Value> items;
  for (const Alias* alias : sorted) {
    if (items.size() == max) break;
    items.push_back(brief(api, found.record->name, *alias));
  }
  asl::ObjectBuilder out;
  out.set("stateMachineAliases", asl::Value::array(std::move(items)));
  if (sorted.size() > max) {
    out.set("nextToken",
            asl::Value::string(make_page_token(list, key(*sorted[max - 1]), api.now())));
  }
  return answer(std::move(out).build());
}

}  // namespace pawl::service
