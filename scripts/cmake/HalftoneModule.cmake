# halftone_module(<name> LAYER <n> [DEPS <rooms…>] [PUBLIC_LIBS <targets…>] [PRIVATE_LIBS <third-party targets…>]
#                 [SUBROOMS "<folder> <n> [<folders…>]" …])
# A room of the house: a static library made of every .cpp below src/<name>. Configuration stops when a dependency's
# layer is not smaller, so an upward or sideways include cannot even be linked. The same table is written to
# <build>/layers.txt, where the include lint reads it.
# SUBROOMS are folders of a large room in layers of their own: folder, layer, and the folders that it may include. They
# are one library; only the include lint reads these rows, as "<room>/<folder> <n> <room>/<folders…>".
set_property(GLOBAL PROPERTY HALFTONE_LAYER_TABLE "")

function(halftone_module name)
  cmake_parse_arguments(ARG "" "LAYER" "DEPS;PUBLIC_LIBS;PRIVATE_LIBS;SUBROOMS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT DEFINED ARG_LAYER)
    message(FATAL_ERROR "halftone_module(${name}): needs LAYER; unknown: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  set_property(GLOBAL PROPERTY HALFTONE_LAYER_${name} ${ARG_LAYER})
  set(links)
  foreach(dep IN LISTS ARG_DEPS)
    get_property(dep_layer GLOBAL PROPERTY HALFTONE_LAYER_${dep})
    if("${dep_layer}" STREQUAL "")
      message(FATAL_ERROR "room ${name}: dependency ${dep} is not a room declared above it")
    endif()
    if(NOT dep_layer LESS ARG_LAYER)
      message(FATAL_ERROR "room ${name} (layer ${ARG_LAYER}) may not depend on ${dep} (layer ${dep_layer})")
    endif()
    list(APPEND links halftone_${dep})
  endforeach()
  list(JOIN ARG_DEPS " " deps)
  set_property(GLOBAL APPEND PROPERTY HALFTONE_LAYER_TABLE "${name} ${ARG_LAYER} ${deps}")
  foreach(subroom IN LISTS ARG_SUBROOMS)
    string(REGEX REPLACE "([a-z_/]*[a-z_])" "${name}/\\1" row "${subroom}")   # every folder, not the number
    set_property(GLOBAL APPEND PROPERTY HALFTONE_LAYER_TABLE "${row}")
  endforeach()
  set_property(GLOBAL APPEND PROPERTY HALFTONE_ROOMS ${name})
  set_property(GLOBAL PROPERTY HALFTONE_PRIVATE_LIBS_${name} ${ARG_PRIVATE_LIBS})   # for the self-contained header check

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${name}/*.cpp")
  if(NOT sources)
    add_library(halftone_${name} INTERFACE)   # headers only
    target_include_directories(halftone_${name} INTERFACE "${CMAKE_SOURCE_DIR}/src")
    target_link_libraries(halftone_${name} INTERFACE ${links} ${ARG_PUBLIC_LIBS})
    return()
  endif()
  add_library(halftone_${name} STATIC ${sources})
  target_include_directories(halftone_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(halftone_${name} PUBLIC ${links} ${ARG_PUBLIC_LIBS} PRIVATE halftone_options ${ARG_PRIVATE_LIBS})
  halftone_unity(halftone_${name} 10)
endfunction()

function(halftone_write_layer_table)
  get_property(rows GLOBAL PROPERTY HALFTONE_LAYER_TABLE)
  list(JOIN rows "\n" text)
  file(WRITE "${CMAKE_BINARY_DIR}/layers.txt" "${text}\n")
endfunction()
