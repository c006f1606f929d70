# Tests.
#
# midge_test(topic_name_test             builds topic_name_test.c with cmocka, runs it by CTest
#     USES topic                         rooms under test
#     SOURCES topic_samples.c            further sources, optional
#     LIBS xxhash  DEFINES _GNU_SOURCE   optional; the DEFINES of the rooms used come by themselves
#     TIMEOUT 60)                        seconds, optional
#
# midge_script_test(retained             runs a Python script of this folder by CTest; it finds the
#     SCRIPT retained.py                 programs in the environment: MIDGED, MIDGE, MIDGE_SOURCE
#     ARGS --threads 2                   optional
#     LABELS blackbox                    optional
#     NEEDS_PROGRAMS                     left out where the programs are not built
#     PLAIN_ONLY                         left out under sanitizers
#     SERIAL                             nothing else runs beside it
#     TIMEOUT 60)
#
# midge_fuzz(fuzz_publish                libFuzzer target; kept corpus in corpus/fuzz_publish/
#     SOURCES fuzz_publish.c USES wire)  (only when MIDGE_FUZZ is ON; otherwise nothing)
#
# A test's name starts with the kind of build ("asan/", "tsan/") when it is not the plain one.

if(MIDGE_SANITIZE MATCHES "thread")
    set(MIDGE_KIND tsan)
elseif(MIDGE_SANITIZE AND NOT MIDGE_FUZZ)
    set(MIDGE_KIND asan)
elseif(MIDGE_FUZZ)
    set(MIDGE_KIND fuzz)
else()
    set(MIDGE_KIND plain)
endif()
if(MIDGE_KIND STREQUAL "plain")
    set(MIDGE_TEST_PREFIX "")
else()
    set(MIDGE_TEST_PREFIX "${MIDGE_KIND}/")
endif()

set(MIDGE_UNIT_TESTS OFF)
if(NOT MIDGE_FUZZ AND NOT MIDGE_TESTS STREQUAL "OFF")
    find_library(MIDGE_CMOCKA cmocka)
    if(MIDGE_CMOCKA)
        set(MIDGE_UNIT_TESTS ON)
    elseif(NOT MIDGE_TESTS STREQUAL "AUTO")
        message(FATAL_ERROR "cmocka not found (Debian: libcmocka-dev; scripts/prerequisites test)")
    else()
        message(STATUS "cmocka not found: no unit tests (scripts/prerequisites test)")
    endif()
endif()

set(MIDGE_TEST_ENVIRONMENT
    "MIDGE_SOURCE=${CMAKE_SOURCE_DIR}"
    "MIDGE_BUILD=${CMAKE_BINARY_DIR}"
    "MIDGE_KIND=${MIDGE_KIND}"
    "MIDGED=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/midged"
    "MIDGE=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/midge"
    "ASAN_OPTIONS=detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1"
    "NODE_PATH=${CMAKE_SOURCE_DIR}/build/npm/node_modules"
    "PYTHONDONTWRITEBYTECODE=1")

function(midge_test test)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;USES;LIBS;DEFINES")
    midge_refuse_unknown("midge_test(${test})" "${arg_UNPARSED_ARGUMENTS}")
    if(NOT MIDGE_UNIT_TESTS)
        return()
    endif()
    add_executable(${test} ${test}.c ${arg_SOURCES})
    midge_compile_options(${test})
    target_compile_definitions(${test} PRIVATE ${arg_DEFINES})
    set_target_properties(${test} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/bin")
    foreach(room IN LISTS arg_USES)
        get_target_property(kind midge_${room} TYPE)
        if(NOT kind STREQUAL "INTERFACE_LIBRARY")
            target_compile_definitions(${test} PRIVATE
                $<TARGET_PROPERTY:midge_${room},COMPILE_DEFINITIONS>)
        endif()
        target_link_libraries(${test} PRIVATE midge_${room})
    endforeach()
    target_link_libraries(${test} PRIVATE ${arg_LIBS} ${MIDGE_CMOCKA} Threads::Threads)
    add_test(NAME ${MIDGE_TEST_PREFIX}${test} COMMAND ${test}
        WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    midge_test_properties("${MIDGE_TEST_PREFIX}${test}" unit "${arg_TIMEOUT}")
endfunction()

function(midge_script_test test)
    cmake_parse_arguments(PARSE_ARGV 1 arg
        "PLAIN_ONLY;SERIAL;NEEDS_PROGRAMS" "SCRIPT;TIMEOUT" "ARGS;LABELS")
    midge_refuse_unknown("midge_script_test(${test})" "${arg_UNPARSED_ARGUMENTS}")
    if(MIDGE_FUZZ OR MIDGE_TESTS STREQUAL "OFF")
        return()
    endif()
    if(arg_PLAIN_ONLY AND NOT MIDGE_KIND STREQUAL "plain")
        return()
    endif()
    if(arg_NEEDS_PROGRAMS AND NOT (TARGET midged AND TARGET midge))
        return()
    endif()
    add_test(NAME ${MIDGE_TEST_PREFIX}${test}
        COMMAND "${MIDGE_PYTHON}" "${CMAKE_CURRENT_SOURCE_DIR}/${arg_SCRIPT}" ${arg_ARGS}
        WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    midge_test_properties("${MIDGE_TEST_PREFIX}${test}" "${arg_LABELS}" "${arg_TIMEOUT}")
    if(arg_SERIAL)
        set_tests_properties("${MIDGE_TEST_PREFIX}${test}" PROPERTIES RUN_SERIAL ON)
    endif()
endfunction()

function(midge_test_properties test labels timeout)
    if(NOT timeout)
        set(timeout 60)
    endif()
    set_tests_properties("${test}" PROPERTIES
        TIMEOUT ${timeout}
        LABELS "${MIDGE_KIND};${labels}"
        ENVIRONMENT "${MIDGE_TEST_ENVIRONMENT}")
endfunction()

function(midge_fuzz target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LIBS;DEFINES")
    midge_refuse_unknown("midge_fuzz(${target})" "${arg_UNPARSED_ARGUMENTS}")
    if(NOT MIDGE_FUZZ)
        return()
    endif()
    add_executable(${target} ${arg_SOURCES})
    midge_compile_options(${target})
    target_compile_definitions(${target} PRIVATE ${arg_DEFINES})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    list(TRANSFORM arg_USES PREPEND midge_)
    target_link_libraries(${target} PRIVATE ${arg_USES} ${arg_LIBS} Threads::Threads)
    set_property(GLOBAL APPEND PROPERTY MIDGE_FUZZ_TARGETS ${target})
    set_property(GLOBAL PROPERTY MIDGE_FUZZ_CORPUS_${target}
        "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${target}")
endfunction()

# Shares MIDGE_FUZZ_SECONDS among all targets, two running at a time. New finds go to the build
# folder; the kept corpus is read only.
function(midge_register_fuzz_targets)
    get_property(targets GLOBAL PROPERTY MIDGE_FUZZ_TARGETS)
    list(LENGTH targets count)
    if(count EQUAL 0)
        return()
    endif()
    math(EXPR seconds "2 * ${MIDGE_FUZZ_SECONDS} / ${count}")
    if(seconds LESS 5)
        set(seconds 5)
    elseif(seconds GREATER 60)
        set(seconds 60)
    endif()
    math(EXPR timeout "${seconds} + 60")
    foreach(target IN LISTS targets)
        get_property(kept GLOBAL PROPERTY MIDGE_FUZZ_CORPUS_${target})
        set(grown "${CMAKE_BINARY_DIR}/corpus/${target}")
        file(MAKE_DIRECTORY "${grown}" "${CMAKE_BINARY_DIR}/findings")
        if(NOT IS_DIRECTORY "${kept}")
            set(kept "")
        endif()
        add_test(NAME fuzz/${target} COMMAND ${target}
            -max_total_time=${seconds} -timeout=10 -rss_limit_mb=1024 -print_final_stats=1
            "-artifact_prefix=${CMAKE_BINARY_DIR}/findings/${target}-" "${grown}" ${kept})
        midge_test_properties("fuzz/${target}" "" ${timeout})
    endforeach()
endfunction()

# midge_bench(topic_trie_bench SOURCES topic_trie_bench.c USES topic): a benchmark of one room,
# built and run only by `make bench`. Each prints what it measures; none of them is a test.
function(midge_bench target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LIBS;DEFINES")
    midge_refuse_unknown("midge_bench(${target})" "${arg_UNPARSED_ARGUMENTS}")
    if(MIDGE_FUZZ)
        return()
    endif()
    add_executable(${target} EXCLUDE_FROM_ALL ${arg_SOURCES})
    midge_compile_options(${target})
    target_compile_definitions(${target} PRIVATE ${arg_DEFINES})
    list(TRANSFORM arg_USES PREPEND midge_)
    target_link_libraries(${target} PRIVATE ${arg_USES} ${arg_LIBS} Threads::Threads)
    set_target_properties(${target} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench")
    set_property(GLOBAL APPEND PROPERTY MIDGE_BENCHMARKS ${target})
endfunction()
