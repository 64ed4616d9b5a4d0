// ListStateMachines, newest first.
#include "runtime/store/encoding.h"
#include "service/actions/actions.h"
#include "service/page_token.h"

namespace pawl::service {

namespace {

constexpr std::string_view kList = "ListStateMachines";

// Where a machine stands in the list: creation date, then name.
struct Place {
  std::int64_t date = 0;
  std::string name;

  static Place of(const engine::MachineRecord& record) {
    return {record.creation_date.time_since_epoch().count(), record.name};
  }
  bool before(const Place& other) const {
    return date != other.date ? date > other.date : name < other.name;
  }
};

std::string encode(const Place& place) {
  return runtime::Encoder().signed_varint(place.date).string(place.name).take();
}

std::optional<Place> decode(std::string_view bytes) {
  runtime::Decoder in(bytes);
  Place place;
  place.date = in.signed_varint();
  place.name = std::string(in.string());
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return place;
}

}  // namespace

Answer list_state_machines(Api& api, const Request& request) {
  std::optional<Place> last;
  if (request.has("nextToken")) {
    const auto cursor = read_page_token(request.text("nextToken"), kList, api.now());
    if (cursor) last = decode(*cursor);
    if (!last) return invalid_token();
  }
  const std::size_t max = request.page_size(kPageSizeDefault);
  std::vector<asl::Value> items;
  std::optional<Place> shown;
  bool more = false;
  for (const MachinePointer& record : api.engine().machines().list()) {
    const Place place = Place::of(*record);
    if (last && !last->before(place)) continue;
    if (items.size() == max) {
      more = true;
      break;
    }
    asl::ObjectBuilder item;
    item.set("stateMachineArn", asl::Value::string(api.engine().machine_arn(record->name)));
    item.set("name", asl::Value::string(record->name));
    item.set("type", asl::Value::string(record->express ? "EXPRESS" : "STANDARD"));
    item.set("creationDate", engine::epoch_seconds(record->creation_date));
    items.push_back(std::move(item).build());
    shown = place;
  }
  asl::ObjectBuilder out;
  out.set("stateMachines", asl::Value::array(std::move(items)));
  if (more) {
    out.set("nextToken", asl::Value::string(make_page_token(kList, encode(*shown), api.now())));
  }
  return answer(std::move(out).build());
}

}  // namespace pawl::service
