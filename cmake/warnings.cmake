# Warnings are errors in every target of this project; third-party headers are system headers.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                    -Woverloaded-virtual -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of g++ 12 with std::string and std::variant at -O2 (GCC bugs 105329, 105593).
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized)
endif()
# Paths of the machine that built it stay out of assertions and debug information; besides, the compiler cache then serves
# any checkout of the same sources.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(PAWL_SANITIZE)
  add_compile_options(-fsanitize=${PAWL_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PAWL_SANITIZE})
endif()
