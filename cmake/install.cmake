# `cmake --install`: the program, and the libraries for find_package(pawl), as targets
#
#   pawl::engine      the engine alone (with pawl::asl and pawl::runtime); begin with engine/embedded.h
#   pawl::connectors  how Tasks reach other systems
#   pawl::service     AWS's API over it
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/pawl)
foreach(library base asl runtime engine connectors service)
  set_target_properties(pawl_${library} PROPERTIES EXPORT_NAME ${library})
  install(TARGETS pawl_${library} EXPORT pawl ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${library} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pawl COMPONENT library
    FILES_MATCHING PATTERN "*.h")
endforeach()
install(EXPORT pawl NAMESPACE pawl:: FILE pawl-targets.cmake DESTINATION ${package_directory} COMPONENT library)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/pawl-config.cmake.in
  ${PROJECT_BINARY_DIR}/pawl-config.cmake INSTALL_DESTINATION ${package_directory})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pawl-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pawl-config.cmake ${PROJECT_BINARY_DIR}/pawl-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/dependencies.cmake DESTINATION ${package_directory} COMPONENT library)

install(TARGETS pawl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
