#include "CLinux_program.h"

#include <elf.h>
#include <link.h>
#include <string.h>

/// The ELF header of the program or the shared object that this code is in; the linker defines it.
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

size_t clinux_build_id(const void **bytes) {
  const char *start = (const char *)&__ehdr_start;
  const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(start + __ehdr_start.e_phoff);
  for (int index = 0; index < __ehdr_start.e_phnum; index++) {
    // The header is the first thing of the segment that is loaded from the beginning of the file, which tells where the others are.
    if (segments[index].p_type == PT_LOAD && segments[index].p_offset == 0) start -= segments[index].p_vaddr;
  }
  for (int index = 0; index < __ehdr_start.e_phnum; index++) {
    if (segments[index].p_type != PT_NOTE) continue;
    const char *notes = start + segments[index].p_vaddr, *end = notes + segments[index].p_memsz;
    while (end - notes > (ptrdiff_t)sizeof(ElfW(Nhdr))) {
      ElfW(Nhdr) note;
      memcpy(&note, notes, sizeof note);
      const char *name = notes + sizeof note, *content = name + ((note.n_namesz + 3) & ~3U);
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
        *bytes = content;
        return note.n_descsz;
      }
      notes = content + ((note.n_descsz + 3) & ~3U);
    }
  }
  return 0;
}
