# Installing (`make install`) and the Debian package (`make deb`).

include(GNUInstallDirs)

install(FILES include/umqtt.h TYPE INCLUDE)
file(GLOB manual_1 "${CMAKE_SOURCE_DIR}/docs/man/*.1")
file(GLOB manual_5 "${CMAKE_SOURCE_DIR}/docs/man/*.5")
file(GLOB manual_8 "${CMAKE_SOURCE_DIR}/docs/man/*.8")
install(FILES ${manual_1} DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES ${manual_5} DESTINATION "${CMAKE_INSTALL_MANDIR}/man5")
install(FILES ${manual_8} DESTINATION "${CMAKE_INSTALL_MANDIR}/man8")
install(FILES README.md CHANGELOG.md LICENSE TYPE DOC)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME midge)
set(CPACK_PACKAGE_CONTACT "The Midge authors <midge@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "MQTT broker (midged) and command-line tool (midge)")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_BINARY_DIR}/packages")
include(CPack)
