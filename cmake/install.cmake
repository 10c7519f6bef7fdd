# What `cmake --install` puts where, by the component, which is also the Debian package. Programs are installed by
# sl_program; they find one another beside themselves, and models and experiments in ../share/starling.
set(share ${CMAKE_INSTALL_DATADIR}/starling)
set(man ${CMAKE_INSTALL_MANDIR}/man1)
if(NOT SL_PARTS STREQUAL agent)
  install(DIRECTORY models experiments DESTINATION ${share} COMPONENT starling
    PATTERN "*.sh" EXCLUDE PATTERN "tables" EXCLUDE)
  install(FILES deploy/grafana/starling.json DESTINATION ${share}/grafana COMPONENT starling)
  install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs COMPONENT starling PATTERN "*.1" EXCLUDE)
  install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT starling)
  install(FILES docs/starling.1 docs/starling-trainer.1 docs/starling-coordinator.1 docs/starling-barrier-peer.1
    docs/starling-plain-peer.1 DESTINATION ${man} COMPONENT starling)
endif()
install(FILES docs/starling-agent.1 DESTINATION ${man} COMPONENT starling-agent)
foreach(H ${SL_AGENT_SIZES})
  install(FILES docs/starling-agent.1 DESTINATION ${man} RENAME starling-agent-${H}.1 COMPONENT starling-agent)
endforeach()
# units find the programs by PATH; those of a coordinator go with it
file(GLOB units CONFIGURE_DEPENDS deploy/systemd/*.service)
foreach(unit ${units})
  set(component starling)
  if(unit MATCHES "starling-agent")
    set(component starling-agent)
  endif()
  if(component STREQUAL starling-agent OR NOT SL_PARTS STREQUAL agent)
    install(FILES ${unit} DESTINATION lib/systemd/system COMPONENT ${component})
  endif()
endforeach()

# libstarling: what an agent of one's own stands on, agent/session.h above all, in one archive
add_library(libstarling STATIC $<TARGET_OBJECTS:sl_session> $<TARGET_OBJECTS:sl_net> $<TARGET_OBJECTS:sl_proto>
  $<TARGET_OBJECTS:sl_links> $<TARGET_OBJECTS:sl_storage> $<TARGET_OBJECTS:sl_common>)
set_target_properties(libstarling PROPERTIES OUTPUT_NAME starling LINKER_LANGUAGE C)
install(TARGETS libstarling ARCHIVE COMPONENT libstarling-dev)
set(include ${CMAKE_INSTALL_INCLUDEDIR}/starling)
install(DIRECTORY common storage links net DESTINATION ${include} COMPONENT libstarling-dev
  FILES_MATCHING PATTERN "*.h" PATTERN "*_impl.h" EXCLUDE PATTERN "*_state.h" EXCLUDE PATTERN "*_backend.h" EXCLUDE
  PATTERN "clones.h" EXCLUDE)
install(FILES agent/session.h DESTINATION ${include}/agent COMPONENT libstarling-dev)
install(FILES proto/fleet.proto proto/learn.proto proto/buffer.proto proto/README.md DESTINATION ${share}/proto
  COMPONENT libstarling-dev)
install(FILES deploy/example/agent.c DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libstarling-dev/examples
  COMPONENT libstarling-dev)
# paths from the file's own place: the prefix may be moved
file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
file(CONFIGURE OUTPUT starling.pc @ONLY CONTENT "prefix=\${pcfiledir}/@up@
libdir=\${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=\${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: starling
Description: what an agent of a Starling fleet stands on
Version: @PROJECT_VERSION@
Requires: libzmq libprotobuf-c libsodium jansson
Cflags: -I\${includedir}/starling
Libs: -L\${libdir} -lstarling -lm -pthread
")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/starling.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT libstarling-dev)
