// The command line: finds the command, explains, and suggests what may have been meant.
#include "cli/command.h"
#include "cli/suggestion.h"
#include "cli/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pawl::cli {
namespace {

constexpr const char* kOverview = R"(Examples:
  pawl run examples/hello --input '{"name": "Ada"}'
  pawl serve --port 8083 --data /tmp/orders

`pawl help COMMAND` explains one command, with examples.)";

std::vector<std::string> option_names(const CLI::App& parser) {
  std::vector<std::string> names;
  for (const CLI::Option* option : parser.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> command_names(const std::vector<Command>& commands) {
  std::vector<std::string> names = {"help"};
  for (const Command& command : commands) names.push_back(command.parser->get_name());
  return names;
}

const Command* find_command(const std::vector<Command>& commands, std::string_view name) {
  const auto found = std::find_if(commands.begin(), commands.end(), [name](const Command& command) {
    return command.parser->get_name() == name;
  });
  return found == commands.end() ? nullptr : &*found;
}

int unknown_command(std::string_view name, const std::vector<Command>& commands) {
  const std::string meant = nearest(name, command_names(commands));
  show_error(fmt::format("there is no command '{}'{}", one_line(name, 80),
                         meant.empty() ? "; see pawl help" : ". Did you mean " + meant + "?"));
  return kUsage;
}

int help(const std::string& overview, const std::string& topic,
         const std::vector<Command>& commands) {
  if (topic.empty() || topic == "help") return write_out(overview) ? kOk : kEngineFailed;
  const Command* command = find_command(commands, topic);
  if (command == nullptr) return unknown_command(topic, commands);
  return write_out(command->parser->help("pawl")) ? kOk : kEngineFailed;
}

int wrong_usage(const CLI::App& program, const CLI::ParseError& error,
                const std::vector<Command>& commands) {
  const auto chosen = program.get_subcommands();
  const CLI::App* parser = chosen.empty() ? &program : chosen.front();
  const std::string see = parser == &program ? "pawl help" : "pawl help " + parser->get_name();
  std::string unknown;
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const std::vector<std::string> extras = program.remaining(true);
    if (!extras.empty()) unknown = extras.front();
  }
  if (unknown.starts_with('-') && unknown.size() > 1) {
    const std::string option = unknown.substr(0, unknown.find('='));
    const std::string meant = nearest(option, option_names(*parser));
    show_error(fmt::format("there is no option {}{}", one_line(option, 80),
                           meant.empty() ? "; see " + see : ". Did you mean " + meant + "?"));
  } else if (!unknown.empty() && parser == &program) {
    return unknown_command(unknown, commands);
  } else if (!unknown.empty()) {
    show_error(fmt::format("'{}' is one argument too many; see {}", one_line(unknown, 80), see));
  } else {
    show_error(fmt::format("{}; see {}", error.what(), see));
  }
  return kUsage;
}

int run(int argc, char** argv) {
  CLI::App program("A durable engine for AWS Step Functions state machines.", "pawl");
  program.set_version_flag("--version", std::string("pawl ") + PAWL_VERSION, "Print the version");
  program.footer(kOverview);
  // One command, so that what follows may be called like another: `pawl help run`.
  program.require_subcommand(0, 1);
  program.get_formatter()->column_width(28);
  const std::vector<Command> commands = {
      add_run(program),  add_resume(program),     add_redrive(program), add_serve(program),
      add_list(program), add_show(program),       add_history(program), add_validate(program),
      add_eval(program), add_test_state(program), add_control(program), add_check(program)};
  std::string topic;
  CLI::App* help_parser = program.add_subcommand("help", "Explain a command, with examples");
  help_parser->add_option("COMMAND", topic, "The command")->option_text(" ");

  // Once something has been parsed, help() speaks of that.
  const std::string overview = program.help();

  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = program.get_subcommands();
    return help(overview, chosen.empty() ? "" : chosen.front()->get_name(), commands);
  } catch (const CLI::CallForVersion& version) {
    return write_out(version.what()) ? kOk : kEngineFailed;
  } catch (const CLI::ParseError& error) {
    return wrong_usage(program, error, commands);
  }
  if (help_parser->parsed()) return help(overview, topic, commands);
  for (const Command& command : commands) {
    if (command.parser->parsed()) return command.run();
  }
  err().line(overview);
  return kUsage;
}

}  // namespace
}  // namespace pawl::cli

int main(int argc, char** argv) { return pawl::cli::run(argc, argv); }
