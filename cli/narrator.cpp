#include "cli/narrator.h"

#include "asl/json/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pawl::cli {
namespace {

constexpr std::size_t kDetailCharacters = 160;

std::int64_t number_member(const asl::Value& object, std::string_view key) {
  const asl::Value* value = object.find(key);
  return value != nullptr && value->is_int() ? value->as_int() : 0;
}

// The one member of an event that holds its details; undefined where the type has none.
asl::Value details_of(const asl::Value& event) {
  for (const asl::Member& member : event.members()) {
    if (member.key.as_string().ends_with("EventDetails")) return member.value;
  }
  return {};
}

bool is_failure(std::string_view type) {
  return type.ends_with("Failed") || type.ends_with("TimedOut") || type.ends_with("Aborted");
}

bool is_attempt(std::string_view type) {
  return type.ends_with("Scheduled") || type == "ParallelStateStarted" || type == "MapStateStarted";
}

// "lambda:invoke", "function check-inventory": a Resource in few words.
std::string resource_words(const asl::Value& details) {
  const std::string_view resource = text_of(details, "resource");
  const std::string_view service = text_of(details, "resourceType");
  if (!service.empty()) return fmt::format("{}:{}", service, resource);
  for (const std::string_view kind : {":function:", ":activity:"}) {
    const std::size_t at = resource.find(kind);
    if (at == std::string_view::npos) continue;
    return fmt::format("{} {}", kind.substr(1, kind.size() - 2), resource.substr(at + kind.size()));
  }
  return std::string(resource);
}

std::string_view verb_of(Line::Kind kind) {
  switch (kind) {
    case Line::Kind::kEnter:
      return "enter";
    case Line::Kind::kLeave:
      return "leave";
    case Line::Kind::kCatch:
      return "catch";
    case Line::Kind::kStart:
      return "start";
    case Line::Kind::kDone:
      return "done";
    case Line::Kind::kRetry:
      return "retry";
    case Line::Kind::kFail:
      return "fail";
    case Line::Kind::kExecution:
      return "";
  }
  return "";
}

Style style_of(Line::Kind kind) {
  switch (kind) {
    case Line::Kind::kEnter:
      return Style::kCyan;
    case Line::Kind::kRetry:
    case Line::Kind::kCatch:
      return Style::kYellow;
    case Line::Kind::kFail:
      return Style::kRed;
    case Line::Kind::kExecution:
      return Style::kBold;
    default:
      return Style::kDim;
  }
}

// The part of an iteration, "[2][0]", that a state has in common with what is inside it: as many
// indexes as there are Maps around the state.
std::string iteration_around(const StatePlace* state, const std::string& iteration) {
  if (state == nullptr) return iteration;
  std::size_t end = 0;
  for (int i = 0; i < state->maps && end < iteration.size(); ++i) {
    end = std::min(iteration.find(']', end), iteration.size() - 1) + 1;
  }
  return iteration.substr(0, end);
}

}  // namespace

Line Narrator::read(const asl::Value& event) {
  Line line;
  line.id = number_member(event, "id");
  line.previous = number_member(event, "previousEventId");
  line.type = std::string(text_of(event, "type"));
  const asl::Value* timestamp = event.find("timestamp");
  const double at = timestamp != nullptr && timestamp->is_number() ? timestamp->as_double() : 0;
  if (!started_) started_ = at;
  line.seconds = at - *started_;

  Context context = follow(line.previous);
  describe(details_of(event), line, context);
  if (line.state.empty()) {
    line.state = context.state;
    line.iteration = context.iteration;
  }
  if (const StatePlace* place = index_.find(line.state)) line.depth = place->depth;
  context.seconds = line.seconds;
  if (line.type == "ExecutionFailed") failed_state_ = context.state;
  if (line.type.starts_with("Execution")) line.depth = 0;
  contexts_[line.id] = std::move(context);
  return line;
}

Narrator::Context Narrator::follow(std::int64_t previous) const {
  const auto found = contexts_.find(previous);
  return found == contexts_.end() ? Context() : found->second;
}

void Narrator::describe(const asl::Value& details, Line& line, Context& context) {
  using Kind = Line::Kind;
  const std::string_view type = line.type;
  const std::string_view name = text_of(details, "name");
  if (type.starts_with("Execution")) {
    line.kind = is_failure(type) ? Kind::kFail : Kind::kExecution;
    if (is_failure(type)) {
      line.detail = error_text(text_of(details, "error"), text_of(details, "cause"));
    }
    return;
  }
  if (type.ends_with("StateEntered")) {
    line.kind = Kind::kEnter;
    context.state = std::string(name);
    context.failed = context.left = false;
    line.detail =
        std::string(type.substr(0, type.size() - std::string_view("StateEntered").size()));
    attempts_[context.state + context.iteration] = 0;
    return;
  }
  if (type.ends_with("StateExited")) {
    // After a Map or Parallel the chain comes from inside.
    context.iteration = iteration_around(index_.find(name), context.iteration);
    line.kind = context.failed ? Kind::kCatch : Kind::kLeave;
    context.state = std::string(name);
    context.failed = false;
    context.left = true;
    return;
  }
  if (type.starts_with("MapIteration")) {
    const std::string around = iteration_around(index_.find(name), context.iteration);
    line.state = std::string(name);
    line.iteration = fmt::format("{}[{}]", around, number_member(details, "index"));
    line.kind = type.ends_with("Started") ? Kind::kStart
                : is_failure(type)        ? Kind::kFail
                                          : Kind::kDone;
    last_map_ = line.state;
    // What ended it stays known as the place of a failure; what begins is in the iteration.
    context.failed = is_failure(type);
    if (line.kind == Kind::kStart) context = {line.state, line.iteration};
    return;
  }
  if (type.starts_with("MapState") || type.starts_with("ParallelState")) {
    find_container(type.starts_with("Map") ? "Map" : "Parallel", line, context);
  }
  if (is_failure(type)) {
    // Its chain may leave out the state, which it names itself.
    if (type == "EvaluationFailed") context.state = std::string(text_of(details, "state"));
    line.kind = Kind::kFail;
    context.failed = true;
    line.detail = error_text(text_of(details, "error"), text_of(details, "cause"));
    if (line.detail.empty() && type.ends_with("Aborted")) line.detail = "aborted";
    return;
  }
  if (is_attempt(type)) {
    // Of a Map or Parallel that is tried again the chain comes from inside, too.
    if (!line.state.empty()) {
      context.state = line.state;
      context.iteration = line.iteration;
    }
    const int attempt = ++attempts_[context.state + context.iteration];
    line.kind = attempt > 1 ? Kind::kRetry : Kind::kStart;
    line.detail = type == "MapStateStarted"
                      ? fmt::format("{} items", number_member(details, "length"))
                      : resource_words(details);
    if (attempt > 1) {
      line.detail = fmt::format("attempt {}, {} after the failure{}{}", attempt,
                                elapsed_text(line.seconds - context.seconds),
                                line.detail.empty() ? "" : ": ", line.detail);
    }
    context.failed = false;
    return;
  }
  line.kind = type.ends_with("Succeeded") ? Kind::kDone : Kind::kStart;
}

// The Map or Parallel that an event without a name speaks of; the chain may come from inside it.
void Narrator::find_container(std::string_view kind, Line& line, const Context& context) const {
  const StatePlace* inner = index_.find(context.state);
  if (inner == nullptr) return;
  const StatePlace* found = inner->type == kind && !context.left ? inner : nullptr;
  for (const StatePlace& place : index_.states()) {
    if (found != nullptr && found == inner) break;
    if (place.type != kind || !inner->pointer.starts_with(place.pointer + "/")) continue;
    // The iteration that was spoken of last tells which of several Maps; otherwise the innermost.
    if (kind == "Map" && place.name == last_map_) {
      found = &place;
      break;
    }
    if (found == nullptr || place.pointer.size() > found->pointer.size()) found = &place;
  }
  if (found == nullptr) return;
  line.state = found->name;
  line.iteration = iteration_around(found, context.iteration);
}

std::string error_text(std::string_view error, std::string_view cause) {
  std::string message(cause);
  if (cause.starts_with('{')) {
    const Result<asl::Value> document = asl::read_json(cause);
    const asl::Value* text = document ? document->find("errorMessage") : nullptr;
    if (text != nullptr && text->is_string()) message = std::string(text->as_string());
  }
  std::string line(error);
  if (!line.empty() && !message.empty()) line += ": ";
  return one_line(line + message, kDetailCharacters);
}

std::string progress_line(const Line& line, const Terminal& terminal) {
  constexpr std::size_t kNameColumn = 26;
  const std::string indent(static_cast<std::size_t>(2 * line.depth), ' ');
  std::string name = line.state;
  if (line.kind == Line::Kind::kExecution || line.type.starts_with("Execution")) {
    name = line.type;
  } else if (!line.iteration.empty()) {
    name += " " + line.iteration;
  }
  std::string text =
      fmt::format("{:>9}  {}{}  {}", elapsed_text(line.seconds), indent,
                  terminal.paint(style_of(line.kind), fmt::format("{:<5}", verb_of(line.kind))),
                  one_line(name, 80));
  if (line.detail.empty()) return text;
  const std::size_t used = indent.size() + name.size();
  text.append(used < kNameColumn ? kNameColumn - used : 0, ' ').append("  ");
  const Style style = line.kind == Line::Kind::kFail    ? Style::kRed
                      : line.kind == Line::Kind::kRetry ? Style::kYellow
                                                        : Style::kDim;
  return text + terminal.paint(style, line.detail);
}

std::string elapsed_text(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 60 * kMinute;
  constexpr double kDay = 24 * kHour;
  if (seconds < kMinute) return fmt::format("{:.2f}s", std::max(0.0, seconds));
  const auto whole = static_cast<std::int64_t>(std::round(seconds));
  if (seconds < kHour) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  if (seconds < kDay) return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}d {:02}h", whole / 86400, whole / 3600 % 24);
}

}  // namespace pawl::cli
