#include "asl/path/compiled.h"

namespace pawl::asl::jsonpath {

namespace {

std::string names_text(const std::vector<std::string>& names, char quote) {
  std::string out = "[";
  for (const std::string& name : names) {
    if (out.size() > 1) out.push_back(',');
    out.push_back(quote);
    out += name;
    out.push_back(quote);
  }
  return out + "]";
}

std::string step_text(const Step& step) {
  switch (step.kind()) {
    case StepKind::kName: {
      const auto& name = std::get<NameStep>(step.data);
      return names_text({name.name}, name.quote);
    }
    case StepKind::kNames: {
      const auto& names = std::get<NamesStep>(step.data);
      return names_text(names.names, names.quote);
    }
    case StepKind::kIndex:
      return "[" + std::to_string(std::get<IndexStep>(step.data).index) + "]";
    case StepKind::kIndexes: {
      std::string out = "[";
      for (const std::int32_t index : std::get<IndexesStep>(step.data).indexes) {
        if (out.size() > 1) out.push_back(',');
        out += std::to_string(index);
      }
      return out + "]";
    }
    case StepKind::kSlice: {
      const auto& slice = std::get<SliceStep>(step.data);
      return "[" + (slice.from ? std::to_string(*slice.from) : "") + ":" +
             (slice.to ? std::to_string(*slice.to) : "") + "]";
    }
    case StepKind::kWildcard:
      return "[*]";
    case StepKind::kScan:
      return "..";
    case StepKind::kFilter:
      return "[?]";
    case StepKind::kFunction:
      return std::get<FunctionStep>(step.data).call->fragment;
  }
  return "";
}

bool definite_step(const CompiledPath& path, std::size_t i) {
  switch (path.steps[i].kind()) {
    case StepKind::kName:
    case StepKind::kIndex:
    case StepKind::kFunction:
      return true;
    case StepKind::kNames:
      return i + 1 == path.steps.size();
    default:
      return false;
  }
}

}  // namespace

void complete(CompiledPath& path) {
  path.definite = true;
  path.plain = true;
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    Step& step = path.steps[i];
    step.definite_before = path.definite;
    path.definite = path.definite && definite_step(path, i);
    const auto* index = std::get_if<IndexStep>(&step.data);
    path.plain =
        path.plain && (index != nullptr ? !index->of_length : step.kind() == StepKind::kName);
  }
}

std::string describe_steps(const CompiledPath& path, std::size_t first, std::size_t last) {
  std::string out;
  for (std::size_t i = first; i < last; ++i) out += step_text(path.steps[i]);
  return out;
}

std::string describe_place(const CompiledPath& path, std::size_t i) {
  std::string out(1, path.root);
  for (std::size_t before = 0; before < i; ++before) {
    const Step& step = path.steps[before];
    if (const auto* name = std::get_if<NameStep>(&step.data)) {
      out += "['" + name->name + "']";
    } else if (step.kind() != StepKind::kFunction) {
      out += step_text(step);
    }
  }
  return out;
}

std::string describe(const CompiledPath& path) {
  return path.root + describe_steps(path, 0, path.steps.size());
}

}  // namespace pawl::asl::jsonpath
