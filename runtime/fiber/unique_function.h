// unique_function<R(Args...)>: std::function for callables that can only be moved.
//
// Callables up to kInlineBytes that move without throwing live inside the object; bigger ones are
// allocated. Calling an empty one is a broken invariant. (std::move_only_function is C++23.)
#pragma once

#include "base/assert.h"

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace pawl::runtime {

template <typename Signature>
class unique_function;

template <typename R, typename... Args>
class unique_function<R(Args...)> {
 public:
  static constexpr std::size_t kInlineBytes = 48;

  unique_function() noexcept = default;
  unique_function(std::nullptr_t) noexcept {}  // NOLINT: implicit on purpose

  template <typename F, typename Callable = std::decay_t<F>>
  requires(!std::is_same_v<Callable, unique_function> &&
           std::is_invocable_r_v<R, Callable&, Args...>)
      unique_function(F&& f) {  // NOLINT: implicit on purpose
    if constexpr (kFits<Callable>) {
      ::new (static_cast<void*>(storage_)) Callable(std::forward<F>(f));
    } else {
      ::new (static_cast<void*>(storage_)) Callable*(new Callable(std::forward<F>(f)));
    }
    operations_ = &kOperations<Callable>;
  }

  unique_function(unique_function&& other) noexcept { take(other); }
  unique_function& operator=(unique_function&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  unique_function(const unique_function&) = delete;
  unique_function& operator=(const unique_function&) = delete;
  ~unique_function() { reset(); }

  explicit operator bool() const noexcept { return operations_ != nullptr; }

  R operator()(Args... args) {
    PAWL_ASSERT(operations_ != nullptr);
    return operations_->call(storage_, std::forward<Args>(args)...);
  }

 private:
  struct Operations {
    R (*call)(std::byte*, Args&&...);
    void (*relocate)(std::byte* from, std::byte* to) noexcept;
    void (*destroy)(std::byte*) noexcept;
  };

  template <typename Callable>
  static constexpr bool kFits = sizeof(Callable) <= kInlineBytes &&
                                alignof(Callable) <= alignof(std::max_align_t) &&
                                std::is_nothrow_move_constructible_v<Callable>;

  template <typename Callable>
  static Callable& callable(std::byte* storage) {
    if constexpr (kFits<Callable>) {
      return *std::launder(reinterpret_cast<Callable*>(storage));
    } else {
      return **std::launder(reinterpret_cast<Callable**>(storage));
    }
  }

  template <typename Callable>
  static constexpr Operations kOperations = {
      [](std::byte* storage, Args&&... args) -> R {
        return static_cast<R>(callable<Callable>(storage)(std::forward<Args>(args)...));
      },
      [](std::byte* from, std::byte* to) noexcept {
        if constexpr (kFits<Callable>) {
          Callable& source = callable<Callable>(from);
          ::new (static_cast<void*>(to)) Callable(std::move(source));
          source.~Callable();
        } else {
          ::new (static_cast<void*>(to)) Callable*(&callable<Callable>(from));
        }
      },
      [](std::byte* storage) noexcept {
        if constexpr (kFits<Callable>) {
          callable<Callable>(storage).~Callable();
        } else {
          delete &callable<Callable>(storage);
        }
      }};

  void take(unique_function& other) noexcept {
    if (other.operations_ == nullptr) return;
    other.operations_->relocate(other.storage_, storage_);
    operations_ = std::exchange(other.operations_, nullptr);
  }

  // The callable's destructor may reach this object again: it finds it empty.
  void reset() noexcept {
    if (const Operations* operations = std::exchange(operations_, nullptr)) {
      operations->destroy(storage_);
    }
  }

  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
  const Operations* operations_ = nullptr;
};

}  // namespace pawl::runtime
