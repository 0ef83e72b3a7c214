# SPDX-License-Identifier: Apache-2.0
# What is installed, and the two Debian packages that are made of it (scripts/package): tna runs,
# libtna-dev is what hooks and applications are made with.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# --- tna ------------------------------------------------------------------------------------------
install(TARGETS tnad RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT tna)
install(TARGETS tna RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tna)
install(FILES packaging/tnad.8 packaging/tna.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT tna)
install(FILES packaging/tnad.service DESTINATION lib/systemd/system COMPONENT tna)
install(FILES LICENSE RENAME copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tna COMPONENT tna)
install(DIRECTORY LICENSES DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tna COMPONENT tna)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tna COMPONENT tna)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tna COMPONENT tna)
install(FILES knowledge/README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tna/knowledge COMPONENT tna)

# --- libtna-dev -----------------------------------------------------------------------------------
set(TNA_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tna)
configure_package_config_file(packaging/cmake/tna-config.cmake.in ${CMAKE_BINARY_DIR}/tna-config.cmake
                              INSTALL_DESTINATION ${TNA_CMAKE_DIR} PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/tna-config-version.cmake COMPATIBILITY SameMajorVersion)
# A package has another prefix than the one that was configured: the files look for it from their own place.
string(REGEX REPLACE "[^/]+" ".." TNA_PREFIX_FROM_PKGCONFIG ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
foreach(library tna tna-app)
  configure_file(packaging/pkgconfig/${library}.pc.in ${CMAKE_BINARY_DIR}/${library}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${library}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endforeach()
install(FILES ${CMAKE_BINARY_DIR}/tna-config.cmake ${CMAKE_BINARY_DIR}/tna-config-version.cmake
              packaging/cmake/tna-hook.cmake
        DESTINATION ${TNA_CMAKE_DIR} COMPONENT dev)
install(DIRECTORY include/tna DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(FILES src/afxdp/app.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tna/afxdp COMPONENT dev)
install(FILES src/base/result.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tna/base COMPONENT dev)
set_target_properties(tna-app PROPERTIES EXPORT_NAME app)
install(TARGETS tna-app EXPORT tna-app ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tna)
install(EXPORT tna-app NAMESPACE tna:: DESTINATION ${TNA_CMAKE_DIR} COMPONENT dev)
install(DIRECTORY packaging/template DESTINATION ${CMAKE_INSTALL_DATADIR}/tna COMPONENT dev)
install(FILES LICENSE RENAME copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libtna-dev COMPONENT dev)
install(DIRECTORY LICENSES DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libtna-dev COMPONENT dev)
install(FILES docs/hooks.md docs/applications.md
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libtna-dev COMPONENT dev)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libtna-dev COMPONENT dev)

# --- packages -------------------------------------------------------------------------------------
# In a package only: who installs to another prefix has settings of his own in /etc, or none.
install(FILES packaging/tna.toml DESTINATION /etc/tna COMPONENT tna EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL tna dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_SET_DESTDIR ON)  # there is something in /etc
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)  # programs
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/packaging/strip_library.cmake)
set(CPACK_PACKAGE_CONTACT "TNA's maintainers <maintainers@tna.invalid>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_TNA_PACKAGE_NAME tna)
set(CPACK_DEBIAN_TNA_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TNA_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TNA_PACKAGE_CONTROL_EXTRA
    "${CMAKE_SOURCE_DIR}/packaging/debian/conffiles;${CMAKE_SOURCE_DIR}/packaging/debian/postinst"
    "${CMAKE_SOURCE_DIR}/packaging/debian/prerm;${CMAKE_SOURCE_DIR}/packaging/debian/postrm")
set(CPACK_COMPONENT_TNA_DESCRIPTION "Transparent Network Acceleration: bridges and routing in eBPF
tnad watches how Linux's network is configured and loads a small eBPF fast path that does just what this
configuration needs, as Linux would do it. Packets of which the fast path is not sure go to Linux, untouched.
.
The package has the daemon, its systemd unit, which is not enabled by installing it, and the command tna.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libtna-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libbpf-dev, libc6-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "clang")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "tna (= ${PROJECT_VERSION}), cmake, g++ (>= 4:12), pkg-config")
set(CPACK_COMPONENT_DEV_DESCRIPTION "Transparent Network Acceleration: code of your own in the path
What hooks in eBPF are made with, which TNA links into the path of packets: headers, a CMake function and a
template. And the library of applications that take packets from this path by AF_XDP: libtna-app, C++23.
.
Examples of both are in /usr/share/doc/libtna-dev/examples.")
include(CPack)
