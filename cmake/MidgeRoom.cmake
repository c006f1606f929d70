# Rooms and programs.
#
# midge_room(topic                       static library midge_topic from this folder
#     SOURCES topic_name.c topic_trie.c
#     USES base                          rooms below it (linked PRIVATE)
#     LIBS xxhash                        system libraries, optional
#     DEFINES _GNU_SOURCE)               optional; the room's tests get them, too
#
# midge_program(midge                    an executable in build/bin, installed
#     SOURCES main.c USES cli LIBS ... DEFINES ...)

function(midge_room room)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LIBS;DEFINES")
    midge_refuse_unknown("midge_room(${room})" "${arg_UNPARSED_ARGUMENTS}")
    set(target midge_${room})
    if(arg_SOURCES)
        add_library(${target} STATIC ${arg_SOURCES})
        midge_compile_options(${target})
        target_compile_definitions(${target} PRIVATE ${arg_DEFINES})
        list(TRANSFORM arg_USES PREPEND midge_)
        target_link_libraries(${target} PRIVATE ${arg_USES} ${arg_LIBS})
        set_property(GLOBAL APPEND PROPERTY MIDGE_ROOMS ${target})
    else()
        add_library(${target} INTERFACE)   # a room of headers only
    endif()
endfunction()

function(midge_program program)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LIBS;DEFINES")
    midge_refuse_unknown("midge_program(${program})" "${arg_UNPARSED_ARGUMENTS}")
    if(MIDGE_FUZZ)
        return()
    endif()
    add_executable(${program} ${arg_SOURCES})
    midge_compile_options(${program})
    target_compile_definitions(${program} PRIVATE ${arg_DEFINES})
    list(TRANSFORM arg_USES PREPEND midge_)
    target_link_libraries(${program} PRIVATE ${arg_USES} ${arg_LIBS} Threads::Threads)
    install(TARGETS ${program} RUNTIME)
    set_property(GLOBAL APPEND PROPERTY MIDGE_PROGRAMS ${program})

    # Names that hands and scripts trained on mosquitto know; in a folder of their own, so that
    # nobody gets them by accident.
    if(program STREQUAL "midged")
        set(compat_names mosquitto)
    elseif(program STREQUAL "midge")
        set(compat_names mosquitto_pub mosquitto_sub mosquitto_rr)
    endif()
    set(compat_dir "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/compat")
    file(MAKE_DIRECTORY "${compat_dir}")
    foreach(name IN LISTS compat_names)
        file(CREATE_LINK "../${program}" "${compat_dir}/${name}" SYMBOLIC)
    endforeach()
endfunction()

function(midge_refuse_unknown call unknown)
    if(unknown)
        message(FATAL_ERROR "${call}: what is \"${unknown}\"? See the top of cmake/MidgeRoom.cmake")
    endif()
endfunction()
