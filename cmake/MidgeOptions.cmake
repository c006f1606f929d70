# How all of our code is compiled.

set(MIDGE_TESTS AUTO CACHE STRING
    "ON: tests, cmocka is required. AUTO: unit tests if cmocka is there. OFF: none.")
set(MIDGE_SANITIZE "" CACHE STRING "Sanitizers: \"address,undefined\" or \"thread\"")
option(MIDGE_FUZZ "Build the fuzz targets (clang with libFuzzer) instead of the tests" OFF)
option(MIDGE_WERROR "Warnings are errors" ON)
set(MIDGE_FUZZ_SECONDS 150 CACHE STRING "Seconds all fuzz targets together may run in CTest")
set(MIDGE_PYTHON /usr/bin/python3 CACHE FILEPATH
    "Python of the system, the one that sees the system's python3-paho-mqtt")

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

# NDEBUG is never defined: assertions stay on in what people run.
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -g")

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# The version reaches the code as "base/version.h".
set(MIDGE_GENERATED_DIR "${CMAKE_BINARY_DIR}/generated")
configure_file("${CMAKE_SOURCE_DIR}/cmake/version.h.in"
    "${MIDGE_GENERATED_DIR}/base/version.h" @ONLY)

# What every one of our targets gets.
function(midge_compile_options target)
    target_include_directories(${target} PRIVATE
        "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/include" "${MIDGE_GENERATED_DIR}")
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
        -Wvla -Walloca
        $<$<BOOL:${MIDGE_WERROR}>:-Werror>
        -fno-common
        "SHELL:-include ${CMAKE_SOURCE_DIR}/src/base/banned.h")
    if(MIDGE_SANITIZE)
        target_compile_options(${target} PRIVATE
            -fsanitize=${MIDGE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_link_options(${target} PRIVATE -fsanitize=${MIDGE_SANITIZE})
    endif()
    if(MIDGE_FUZZ)
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
endfunction()
