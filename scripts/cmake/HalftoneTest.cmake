# halftone_test(<name> SOURCES <files…> DEPS <rooms…> [LABEL unit|contract|golden|property|…] [LIBS …] [TIMEOUT s])
# One gtest program; its cases are ctest tests "<name>.<Suite>.<Case>" under the label.
find_package(GTest REQUIRED)
include(GoogleTest)
# A Python with ONNX Runtime for tests that compare with it: scripts/setup.sh --with-tests makes it. Such a test is added
# only if(HALFTONE_TEST_PYTHON), so that its absence is seen when configuring.
find_program(HALFTONE_TEST_PYTHON NAMES python PATHS "${HALFTONE_DEPS_DIR}/python/bin" NO_DEFAULT_PATH)
if(NOT HALFTONE_TEST_PYTHON)
  message(WARNING "ONNX Runtime is not in ${HALFTONE_DEPS_DIR}/python (scripts/setup.sh --with-tests): the tests that "
                  "compare with it are left out")
endif()

# What a sanitizer slows down gets more time.
set(HALFTONE_TIMEOUT_FACTOR 1)
if(HALFTONE_SANITIZE OR HALFTONE_COVERAGE)
  set(HALFTONE_TIMEOUT_FACTOR 5)
endif()

function(halftone_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPS;LIBS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_SOURCES)
    message(FATAL_ERROR "halftone_test(${name}): needs SOURCES; unknown: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  math(EXPR timeout "${ARG_TIMEOUT} * ${HALFTONE_TIMEOUT_FACTOR}")
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
  set(links)
  foreach(dep IN LISTS ARG_DEPS)
    list(APPEND links halftone_${dep})
  endforeach()
  target_link_libraries(${name} PRIVATE ${links} ${ARG_LIBS} halftone_options GTest::gtest GTest::gmock GTest::gtest_main)
  halftone_unity(${name} 8)
  # The code of a test runs once; what it tests is compiled as in the program. -O0 spares a third of the time.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  target_compile_definitions(${name} PRIVATE HALFTONE_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/golden"
                             HALFTONE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${timeout})
endfunction()

# halftone_mpi_test(<name> SOURCES <files…> DEPS <rooms…> RANKS <n…> [PROGRAM p] [ARGS <words…>] [EXIT_CODE c])
# A program with its own main, run by mpirun once for each number of ranks: ctest tests "<name>.<n>_ranks", label mpi.
# A time-out is a failure: ranks that wait for one another for ever are what these tests look for. With EXIT_CODE, mpirun
# must return just that code. More ranks than cores, no binding, root allowed: it is a test machine.
function(halftone_mpi_test name)
  cmake_parse_arguments(ARG "" "EXIT_CODE;PROGRAM" "SOURCES;DEPS;RANKS;ARGS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_RANKS)
    message(FATAL_ERROR "halftone_mpi_test(${name}): needs RANKS; unknown: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_PROGRAM)   # PROGRAM: another run of a program declared before
    set(ARG_PROGRAM ${name})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
    list(TRANSFORM ARG_DEPS PREPEND halftone_)
    target_link_libraries(${name} PRIVATE ${ARG_DEPS} halftone_options GTest::gtest GTest::gmock)
  endif()
  if(NOT DEFINED ARG_EXIT_CODE)
    set(ARG_EXIT_CODE 0)
  endif()
  math(EXPR timeout "60 * ${HALFTONE_TIMEOUT_FACTOR}")
  foreach(ranks IN LISTS ARG_RANKS)
    add_test(NAME ${name}.${ranks}_ranks
             COMMAND sh -c "\"$@\"; code=$?; echo \"exit code $code\"; test $code -eq ${ARG_EXIT_CODE}" sh
                     ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:${ARG_PROGRAM}> ${ARG_ARGS})
    set_tests_properties(${name}.${ranks}_ranks PROPERTIES LABELS mpi TIMEOUT ${timeout} PROCESSORS ${ranks} ENVIRONMENT
      "OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;OMPI_MCA_rmaps_base_oversubscribe=1;\
OMPI_MCA_hwloc_base_binding_policy=none;OMPI_MCA_btl_vader_single_copy_mechanism=none;OMP_NUM_THREADS=1;\
ASAN_OPTIONS=detect_leaks=0")   # Open MPI's unloaded modules look like leaks
  endforeach()
endfunction()
