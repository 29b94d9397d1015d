# Third-party packages. Each is linked by one room only (see the DEPS of that room in src/CMakeLists.txt).
# oneDNN 3: the system's own where there is one, else the prefix that scripts/setup.sh unpacks into .deps/.
set(HALFTONE_DEPS_DIR "${CMAKE_SOURCE_DIR}/.deps" CACHE PATH "Prefix that scripts/setup.sh fills")
find_package(dnnl 3 CONFIG QUIET)
if(NOT dnnl_FOUND)
  find_package(dnnl 3 CONFIG QUIET PATHS "${HALFTONE_DEPS_DIR}/onednn" NO_DEFAULT_PATH)
endif()
if(NOT dnnl_FOUND)
  message(FATAL_ERROR "oneDNN 3.x was not found. Run scripts/setup.sh, which unpacks it into ${HALFTONE_DEPS_DIR}, "
                      "or set -Ddnnl_DIR=<prefix>/lib/cmake/dnnl")
endif()
if(DNNL_CPU_RUNTIME MATCHES "SYCL|DPCPP")
  message(FATAL_ERROR "${dnnl_DIR} is a SYCL build of oneDNN; a CPU build (OMP, TBB, THREADPOOL or SEQ) is needed. "
                      "Set -Ddnnl_DIR=<prefix>/lib/cmake/dnnl")
endif()
# The installed program takes oneDNN from beside itself when it is ours, else from where it was linked.
cmake_path(IS_PREFIX HALFTONE_DEPS_DIR "${dnnl_DIR}" NORMALIZE HALFTONE_OWN_ONEDNN)
if(HALFTONE_OWN_ONEDNN)
  install(DIRECTORY "${HALFTONE_DEPS_DIR}/onednn/lib/" DESTINATION lib/halftone
          FILES_MATCHING PATTERN "libdnnl.so.*" PATTERN "cmake" EXCLUDE)
  set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib/halftone")
else()
  set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
endif()
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)   # oneDNN's threads: the room kernel sets their number
find_package(ZLIB REQUIRED)
find_package(JPEG REQUIRED)   # libjpeg-turbo
find_package(PNG REQUIRED)
find_package(fmt REQUIRED CONFIG)
find_package(spdlog REQUIRED CONFIG)
find_package(yaml-cpp REQUIRED CONFIG)
find_package(Eigen3 3.4 REQUIRED CONFIG)
find_package(nlohmann_json REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(MPI REQUIRED COMPONENTS CXX)
set(HDF5_PREFER_PARALLEL TRUE)   # the one that is there beside Open MPI; its headers include mpi.h
find_package(HDF5 REQUIRED COMPONENTS C HL)
find_package(Protobuf REQUIRED)   # before ONNX: its config refers to protobuf::libprotobuf
find_package(ONNX REQUIRED CONFIG)
find_path(HALFTONE_XXHASH_INCLUDE xxhash.h REQUIRED)
find_package(re2 CONFIG QUIET)
if(NOT TARGET re2::re2)   # Debian 12's RE2 comes without a CMake package, and its pkg-config file asks for C++11
  find_path(HALFTONE_RE2_INCLUDE re2/re2.h REQUIRED)
  find_library(HALFTONE_RE2_LIBRARY re2 REQUIRED)
  add_library(re2::re2 UNKNOWN IMPORTED)
  set_target_properties(re2::re2 PROPERTIES IMPORTED_LOCATION "${HALFTONE_RE2_LIBRARY}"
                        INTERFACE_INCLUDE_DIRECTORIES "${HALFTONE_RE2_INCLUDE}")
endif()
