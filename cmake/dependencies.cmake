# The libraries pawl stands on: Debian 12 packages, and nothing else (see `./dev setup`).
#
# What a folder links against:
#   Threads::Threads  Boost::headers  Boost::context  Boost::fiber  OpenSSL::SSL  OpenSSL::Crypto
#   fmt::fmt  spdlog::spdlog  CLI11::CLI11  Catch2::Catch2 (tests)  benchmark::benchmark (bench)
#   pawl::leveldb  pawl::re2  pawl::yaml  pawl::rapidjson  pawl::zlib  pawl::zstd  pawl::lz4
# Imported targets are system headers: their warnings are not ours.
#
# Everything that is missing is reported at once, with the package that has it.

set(PAWL_MISSING "")

# find_package(name arguments...), noting `package` as missing when that fails.
macro(pawl_find package name)
  find_package(${name} ${ARGN} QUIET)
  if(NOT ${name}_FOUND)
    list(APPEND PAWL_MISSING ${package})
  endif()
endmacro()

# An imported target pawl::`name` for a library without a usable CMake package: the file lib`library`
# (none for headers only) and the directory that holds `header`.
function(pawl_import package name library header)
  string(TOUPPER ${name} upper)
  find_path(${upper}_INCLUDE_DIR ${header})
  mark_as_advanced(${upper}_INCLUDE_DIR)
  set(found ${${upper}_INCLUDE_DIR})
  if(library)
    find_library(${upper}_LIBRARY ${library})
    mark_as_advanced(${upper}_LIBRARY)
    if(NOT ${upper}_LIBRARY)
      set(found FALSE)
    endif()
  endif()
  if(NOT found)
    set(PAWL_MISSING ${PAWL_MISSING} ${package} PARENT_SCOPE)
    return()
  endif()

  if(library)
    add_library(pawl::${name} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(pawl::${name} PROPERTIES IMPORTED_LOCATION "${${upper}_LIBRARY}")
  else()
    add_library(pawl::${name} INTERFACE IMPORTED GLOBAL)
  endif()
  set_target_properties(pawl::${name} PROPERTIES
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${${upper}_INCLUDE_DIR}"
    INTERFACE_INCLUDE_DIRECTORIES "${${upper}_INCLUDE_DIR}")
endfunction()

find_package(Threads REQUIRED)
pawl_find(libboost-fiber1.81-dev Boost 1.74 COMPONENTS context fiber)
pawl_find(libssl-dev OpenSSL)
pawl_find(libfmt-dev fmt)
pawl_find(libspdlog-dev spdlog)
if(NOT PAWL_CONSUMER)  # a program that uses the installed libraries (pawl-config.cmake) needs none of these
  pawl_find(libcli11-dev CLI11)
  if(PAWL_TESTS)
    pawl_find(catch2 Catch2)
  endif()
  if(PAWL_BENCH)
    pawl_find(libbenchmark-dev benchmark)
  endif()
endif()
pawl_import(libleveldb-dev leveldb leveldb leveldb/db.h)
pawl_import(libre2-dev re2 re2 re2/re2.h)
pawl_import(libyaml-cpp-dev yaml yaml-cpp yaml-cpp/yaml.h)
pawl_import(zlib1g-dev zlib z zlib.h)
pawl_import(libzstd-dev zstd zstd zstd.h)
pawl_import(liblz4-dev lz4 lz4 lz4.h)
pawl_import(rapidjson-dev rapidjson "" rapidjson/document.h)

# pawl_allocator, for programs: malloc and free by mimalloc where it is installed. glibc's free becomes slow as soon as
# more blocks of a size come back at once than its caches hold, which is what a commit of many executions does
# (bench/RESULTS.md). Sanitizers watch allocations themselves.
if(NOT PAWL_CONSUMER)
  option(PAWL_MIMALLOC "Allocate with mimalloc, where it is installed" ON)
  add_library(pawl_allocator INTERFACE)
  find_library(MIMALLOC_LIBRARY mimalloc)
  mark_as_advanced(MIMALLOC_LIBRARY)
  if(PAWL_MIMALLOC AND MIMALLOC_LIBRARY AND NOT PAWL_SANITIZE)
    # Nothing names a symbol of it: without this the linker would leave it out.
    target_link_libraries(pawl_allocator INTERFACE
      -Wl,--push-state,--no-as-needed ${MIMALLOC_LIBRARY} -Wl,--pop-state)
  endif()
endif()

if(PAWL_MISSING)
  list(REMOVE_DUPLICATES PAWL_MISSING)
  list(JOIN PAWL_MISSING " " PAWL_MISSING)
  message(FATAL_ERROR
    "Libraries are missing. These Debian packages have them: ${PAWL_MISSING}\n"
    "`./dev setup` installs them.")
endif()

# Not a library, but found the same way: the compiler cache makes a second clean build quick.
if(NOT PAWL_CONSUMER)
  find_program(CCACHE_PROGRAM ccache)
  mark_as_advanced(CCACHE_PROGRAM)
  if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  endif()
endif()
