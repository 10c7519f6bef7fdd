# The build's four verbs (sl_library, sl_program, sl_test, sl_fuzz) and the flags that every target shares.
# Every folder's CMakeLists.txt is a list of such calls.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(SL_WERROR "treat warnings as errors (the checks of .ci/run do)" OFF)
option(SL_NATIVE "use every instruction of the machine that builds (off for packages)" ON)
set(SL_SANITIZE "" CACHE STRING "sanitizers, as in -fsanitize=: address,undefined | thread | fuzzer...")
option(SL_COVERAGE "measure the tests' coverage" OFF)
set(SL_PARTS all CACHE STRING "what is built: all | programs (no tests) | agent (the agents and libstarling alone)")
option(SL_FUZZ "build the fuzz targets of tests/fuzz (needs clang)" OFF)

include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

if(SL_FUZZ AND NOT CMAKE_C_COMPILER_ID MATCHES Clang)
  message(FATAL_ERROR "SL_FUZZ needs clang: configure with --preset fuzz")
endif()
add_custom_target(fuzzers)

add_library(sl_flags INTERFACE)
target_compile_definitions(sl_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE _FILE_OFFSET_BITS=64
                           SL_VERSION="${PROJECT_VERSION}" $<$<CONFIG:Debug>:SL_DEBUG=1>)
target_include_directories(sl_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(sl_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Wvla -Wundef
  -fno-math-errno -ffp-contract=off
  $<$<BOOL:${SL_WERROR}>:-Werror> $<$<BOOL:${SL_NATIVE}>:-march=native>
  $<$<BOOL:${SL_COVERAGE}>:--coverage>)
target_link_options(sl_flags INTERFACE $<$<BOOL:${SL_COVERAGE}>:--coverage>)
if(SL_SANITIZE)
  target_compile_options(sl_flags INTERFACE -fsanitize=${SL_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(sl_flags INTERFACE -fsanitize=${SL_SANITIZE})
endif()
target_link_libraries(sl_flags INTERFACE Threads::Threads m)

# A Debian package, found by its pkg-config name, as the target PkgConfig::<name>.
macro(sl_package name pc)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${pc})
endmacro()
sl_package(zmq libzmq)
sl_package(protobufc libprotobuf-c)
sl_package(jansson jansson)
sl_package(sodium libsodium)
if(NOT SL_PARTS STREQUAL agent)
  sl_package(openblas openblas)
  sl_package(cyaml libcyaml)
  sl_package(yaml yaml-0.1)
  sl_package(zlib zlib)
  sl_package(microhttpd libmicrohttpd)
endif()
if(SL_PARTS STREQUAL all)
  sl_package(cmocka cmocka)
endif()

# sl_library(envs SOURCES a.c b.c USES sl_common PRIVATE PkgConfig::zlib): the static library sl_envs.
function(sl_library name)
  cmake_parse_arguments(A "" "" "SOURCES;USES;PRIVATE" ${ARGN})
  add_library(sl_${name} STATIC ${A_SOURCES})
  target_link_libraries(sl_${name} PUBLIC sl_flags ${A_USES} PRIVATE ${A_PRIVATE})
endfunction()

# sl_embed(maps.inc FILES a.json b.json): a C file with an entry {"a", "text of a.json"}, for each, to be included in the
# initializer of a table.
function(sl_embed output)
  cmake_parse_arguments(A "" "" "FILES" ${ARGN})
  set(entries "")
  foreach(file ${A_FILES})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
    string(APPEND entries "    {\"${name}\",\n     \"${text}\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${output} CONTENT "${entries}" @ONLY)
endfunction()

# sl_program(starling-trainer SOURCES main.c USES sl_trainer): an installed program.
function(sl_program name)
  cmake_parse_arguments(A "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE sl_flags sl_cpu ${A_USES})
  set(component starling)
  if(name MATCHES "^starling-agent")
    set(component starling-agent)
  endif()
  install(TARGETS ${name} RUNTIME COMPONENT ${component})
endfunction()

# sl_test(common rng USES sl_common [LABELS slow] [WAITS]): tests/common/test_rng.c as the test common.rng. FROM names
# another source (one source, several sizes), SOURCES adds files of the same folder. To ctest a test is two jobs; one
# that waits, for programs (e2e), sockets (zmq) or clocks (WAITS), is one: -j4 keeps two cores busy and overloads none.
function(sl_test folder noun)
  cmake_parse_arguments(A "WAITS" "TIMEOUT;FROM" "USES;LABELS;SOURCES" ${ARGN})
  set(target test_${folder}_${noun})
  set(from ${noun})
  if(A_FROM)
    set(from ${A_FROM})
  endif()
  add_executable(${target} ${PROJECT_SOURCE_DIR}/tests/${folder}/test_${from}.c ${A_SOURCES})
  target_link_libraries(${target} PRIVATE sl_flags sl_cpu sl_test_support ${A_USES} PkgConfig::cmocka)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_compile_definitions(${target} PRIVATE SL_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             SL_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  add_test(NAME ${folder}.${noun} COMMAND ${target})
  # what may take long starts first
  set(timeout 120)
  if(A_TIMEOUT)
    set(timeout ${A_TIMEOUT})
  endif()
  set(jobs 2)
  if(A_WAITS OR "zmq" IN_LIST A_LABELS OR "e2e" IN_LIST A_LABELS)
    set(jobs 1)
  endif()
  set_tests_properties(${folder}.${noun} PROPERTIES LABELS "${A_LABELS}" TIMEOUT ${timeout} COST ${timeout}
                                                    PROCESSORS ${jobs})
endfunction()

# sl_fuzz(tensors USES sl_storage): tests/fuzz/fuzz_tensors.c as a libFuzzer program with SL_FUZZ, and in every other
# build as the test fuzz.tensors, which replays the files of tests/fuzz/corpus/tensors.
function(sl_fuzz name)
  cmake_parse_arguments(A "" "" "USES" ${ARGN})
  set(folder ${PROJECT_SOURCE_DIR}/tests/fuzz)
  set(target fuzz_${name})
  add_executable(${target} ${folder}/fuzz_${name}.c)
  target_link_libraries(${target} PRIVATE sl_flags sl_cpu ${A_USES})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  if(SL_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers ${target})
  else()
    target_sources(${target} PRIVATE ${folder}/replay.c)
    add_test(NAME fuzz.${name} COMMAND ${target} ${folder}/corpus/${name})
    set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 60)
  endif()
endfunction()
