# sl_python_test(agent python_agent ...): as sl_test, for a test that flies tests/<folder>/<noun>.py as the program
# tests/<noun> of the build, a script that sets the path to what protoc makes of fleet.proto. The packages are
# those of deploy/packages-ci.txt; without them the test is skipped in one line.
find_program(SL_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(SL_PROTOC protoc)

function(sl_python_test folder noun)
  set(missing "")
  if(SL_PYTHON AND SL_PROTOC)
    execute_process(COMMAND ${SL_PYTHON} -c "import google.protobuf, numpy, zmq" RESULT_VARIABLE missing ERROR_QUIET)
  endif()
  if(NOT missing STREQUAL "0")
    set(line "skipped: ${folder}.${noun} needs the packages of deploy/packages-ci.txt")
    message(STATUS "${line}")
    add_test(NAME ${folder}.${noun} COMMAND ${CMAKE_COMMAND} -E echo "${line}")
    set_tests_properties(${folder}.${noun} PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped: ")
    return()
  endif()
  set(proto ${PROJECT_SOURCE_DIR}/proto/fleet.proto)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/fleet_pb2.py)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${SL_PROTOC} -I ${PROJECT_SOURCE_DIR}/proto --python_out=${CMAKE_CURRENT_BINARY_DIR} ${proto}
    DEPENDS ${proto} VERBATIM)
  add_custom_target(${noun} DEPENDS ${generated})
  set(program ${CMAKE_BINARY_DIR}/tests/${noun})
  file(CONFIGURE OUTPUT ${program} CONTENT "#!/bin/sh
export PYTHONPATH='${CMAKE_CURRENT_SOURCE_DIR}:${CMAKE_CURRENT_BINARY_DIR}' PYTHONDONTWRITEBYTECODE=1
exec ${SL_PYTHON} \"\${SL_PYTHON_SCRIPT:-${CMAKE_CURRENT_SOURCE_DIR}/${noun}.py}\" \"$@\"
" @ONLY)
  file(CHMOD ${program} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  sl_test(${folder} ${noun} ${ARGN})
  add_dependencies(test_${folder}_${noun} ${noun})
  target_compile_definitions(test_${folder}_${noun} PRIVATE SL_PYTHON_PROGRAM="${program}")
endfunction()
