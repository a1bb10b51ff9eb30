// refused: vendor
target_link_libraries(moat_run PUBLIC moat_hip)
