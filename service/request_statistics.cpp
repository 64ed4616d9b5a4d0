#include "service/request_statistics.h"

namespace pawl::service {

void RequestStatistics::count(std::string_view operation, std::string_view code,
                              std::chrono::nanoseconds time) {
  auto found = operations_.find(operation);
  if (found == operations_.end()) found = operations_.try_emplace(std::string(operation)).first;
  auto& codes = found->second.codes;
  auto counted = codes.find(code);
  if (counted == codes.end()) counted = codes.try_emplace(std::string(code), 0).first;
  ++counted->second;
  found->second.seconds.add(std::chrono::duration<double>(time).count());
}

}  // namespace pawl::service
