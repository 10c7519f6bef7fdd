# Builds for any machine (SL_NATIVE=OFF) that are fast on each: sources with hot loops are compiled once for each level of
# the architecture, and the loader binds each function that the rest calls, an entry, to the best that the CPU has. The
# bits are the same: levels differ in how wide vectors are and whether there is an instruction for a fused multiply-add,
# and nothing is contracted or reordered. The least CPU of arm64 has all it takes; NEON of armhf is not exact, and its
# level is that of the multiply-add. Function clones of the compiler will not do: it splits vectors before it clones.
set(SL_CLONES "")
if(NOT SL_NATIVE AND NOT SL_SANITIZE AND NOT SL_COVERAGE)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(SL_CLONES least v3 v4)
    set(SL_LEVEL_least "-march=x86-64")
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^arm" AND CMAKE_SIZEOF_VOID_P EQUAL 4)
    set(SL_CLONES least vfpv4)
    set(SL_LEVEL_least "")
  endif()
endif()
set(SL_LEVEL_v3 "-march=x86-64-v3;-mtune=znver3")
set(SL_LEVEL_v4 "-march=x86-64-v4;-mprefer-vector-width=512")
set(SL_LEVEL_vfpv4 "-mfpu=vfpv4-d16")

# sl_clones(envs ENTRIES sl_mpe_create SOURCES mpe/mpe.c): adds the sources to the library of sl_library(envs ...).
function(sl_clones name)
  cmake_parse_arguments(A "" "" "SOURCES;ENTRIES" ${ARGN})
  if(NOT SL_CLONES)
    target_sources(sl_${name} PRIVATE ${A_SOURCES})
    return()
  endif()
  foreach(level ${SL_CLONES})
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.${level}.o)
    add_library(sl_${name}_${level} OBJECT ${A_SOURCES})
    target_link_libraries(sl_${name}_${level} PRIVATE sl_flags)
    target_compile_options(sl_${name}_${level} PRIVATE ${SL_LEVEL_${level}})
    target_compile_definitions(sl_${name}_${level} PRIVATE $<TARGET_PROPERTY:sl_${name},COMPILE_DEFINITIONS>)
    # only the entries are to be seen from outside, by names of their own; the least level's other names serve the rest
    list(TRANSFORM A_ENTRIES PREPEND --keep-global-symbol= OUTPUT_VARIABLE seen)
    list(TRANSFORM A_ENTRIES REPLACE "(.+)" "--redefine-sym=\\1=\\1.${level}" OUTPUT_VARIABLE named)
    if(level STREQUAL least)
      set(seen "")
    endif()
    add_custom_command(OUTPUT ${object}
      COMMAND ${CMAKE_LINKER} -r -o ${object} $<TARGET_OBJECTS:sl_${name}_${level}>
      COMMAND ${CMAKE_OBJCOPY} ${seen} ${object}
      COMMAND ${CMAKE_OBJCOPY} ${named} ${object}
      DEPENDS $<TARGET_OBJECTS:sl_${name}_${level}> COMMAND_EXPAND_LISTS VERBATIM)
    target_sources(sl_${name} PRIVATE ${object})
    set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  endforeach()
  list(JOIN A_ENTRIES ")\nCLONES(" entries)
  file(CONFIGURE OUTPUT ${name}.clones.c CONTENT "#include \"common/clones.h\"\n\nCLONES(@entries@)\n" @ONLY)
  target_sources(sl_${name} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${name}.clones.c)
endfunction()
