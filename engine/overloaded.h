// A visitor made of lambdas, one per alternative of a variant.
#pragma once

namespace pawl::engine {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace pawl::engine
