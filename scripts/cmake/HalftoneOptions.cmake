# Language level, warnings and sanitizers: one interface target that every room links.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

option(HALFTONE_WERROR "Treat warnings as errors" OFF)
set(HALFTONE_SANITIZE "" CACHE STRING "Comma list for -fsanitize=, for example address,undefined")
option(HALFTONE_COVERAGE "Instrument for gcov" OFF)
option(HALFTONE_UNITY "Compile several .cpp files of a target as one: a clean build takes less than half the time" OFF)
option(HALFTONE_BENCHMARKS "Build tests/benchmark, which needs Google Benchmark" OFF)

add_library(halftone_options INTERFACE)
# No contraction: a*b+c must round the same on every ISA, or results differ between machines.
target_compile_options(halftone_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                       -Wold-style-cast -Woverloaded-virtual -ffp-contract=off)
target_compile_definitions(halftone_options INTERFACE HALFTONE_VERSION="${PROJECT_VERSION}")
if(HALFTONE_WERROR)
  target_compile_options(halftone_options INTERFACE -Werror)
endif()
if(HALFTONE_SANITIZE)
  target_compile_options(halftone_options INTERFACE -fsanitize=${HALFTONE_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(halftone_options INTERFACE -fsanitize=${HALFTONE_SANITIZE})
endif()
if(HALFTONE_COVERAGE)
  target_compile_options(halftone_options INTERFACE --coverage)
  target_link_options(halftone_options INTERFACE --coverage)
endif()

# halftone_unity(<target> <number>): with HALFTONE_UNITY, up to <number> .cpp files of the target are compiled as one. Most of
# the time goes into headers that nearly all files include, so reading them once for many files is what saves. The number
# is a compromise: larger saves more, smaller keeps two cores busy until the end and a change cheap to compile again.
function(halftone_unity target number)
  if(HALFTONE_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${number})
    # GCC takes every file that the unity file includes for a header, where an unnamed namespace would be a mistake.
    # Real headers are still checked, by the test lint.headers.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
    # GCC 12 warns of overlapping copies within std::string's own operator+ (GCC bug 105651); there is none.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      target_compile_options(${target} PRIVATE -Wno-restrict)
    endif()
  endif()
endfunction()

# lld links the test programs in a third of the time that GNU ld takes. GNU ld serves as well.
find_program(HALFTONE_LLD ld.lld)
if(HALFTONE_LLD)
  add_link_options(-fuse-ld=lld)
endif()

find_program(HALFTONE_CCACHE ccache)
if(HALFTONE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${HALFTONE_CCACHE}")
endif()
