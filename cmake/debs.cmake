# `cpack -G DEB` makes a package of each component; deploy/build-debs does it for each architecture. What a package
# needs at run time is found by dpkg-shlibdeps in its programs.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "Starling")
set(CPACK_PACKAGE_CONTACT "The Starling authors <starling@starling.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/deb_files.cmake)
set(CPACK_SL_FILES ${PROJECT_SOURCE_DIR}/deploy/debian)
set(CPACK_SL_STRIP ${CMAKE_STRIP})
set(CPACK_COMPONENTS_ALL starling-agent libstarling-dev)
if(NOT SL_PARTS STREQUAL agent)
  list(APPEND CPACK_COMPONENTS_ALL starling)
endif()

# sl_deb(starling SECTION science SUMMARY "..." TEXT "..." DEPENDS "...")
macro(sl_deb name)
  cmake_parse_arguments(D "" "SECTION;SUMMARY;TEXT;DEPENDS;SUGGESTS" "" ${ARGN})
  string(TOUPPER ${name} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${D_SECTION})
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "${D_DEPENDS}")
  set(CPACK_DEBIAN_${upper}_PACKAGE_SUGGESTS "${D_SUGGESTS}")
  set(CPACK_DEBIAN_${upper}_PACKAGE_ARCHITECTURE ${SL_DEB_ARCH})
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "${D_SUMMARY}\n${D_TEXT}")
endmacro()
set(SL_DEB_ARCH amd64)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
  set(SL_DEB_ARCH arm64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^arm")
  set(SL_DEB_ARCH armhf)
endif()

sl_deb(starling SECTION science DEPENDS "starling-agent (= ${PROJECT_VERSION})" SUGGESTS gnuplot-nox
  SUMMARY "train swarms in simulation, distil them and fly them"
  TEXT "Trains a teacher of a swarm with MAPPO, distils it into small students, and
flies them as processes of their own. Holds starling, the trainer, the
coordinator, trained models and experiments.")
sl_deb(starling-agent SECTION science
  SUMMARY "fly one student of a Starling fleet on a device"
  TEXT "The agents: programs of some 100 KB that decide alone from what they see,
one for each hidden size of a student, and the unit that runs them.")
sl_deb(libstarling-dev SECTION libdevel
  DEPENDS "libzmq3-dev, libprotobuf-c-dev, libsodium-dev, libjansson-dev"
  SUMMARY "write an agent of a Starling fleet in C"
  TEXT "Headers, a static library with the agent's side of the fleet's protocol, and
the protocol as .proto files for other languages.")
include(CPack)
