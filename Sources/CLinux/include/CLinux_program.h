#pragma once
#include <stddef.h>

/// The number that the linker has made from the content of this program (`--build-id`, NT_GNU_BUILD_ID in elf(5)), which stays where it is as long as the program
/// runs. Gives its size in bytes; 0 without one.
size_t clinux_build_id(const void **bytes);
