#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "result.h"

long clinux_map_shared(size_t size) { return CALL(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }
void clinux_populate(void *address, size_t size) { CALL(SYS_madvise, address, size, 23); }
void clinux_unmap(void *address, size_t size) { CALL(SYS_munmap, address, size); }

#if !defined(__GLIBC__)
// Embedded Swift's allocations all come here and ask for 16 bytes' alignment, which musl's malloc has in any case; its own aligned_alloc makes room for more and
// gives that back, which takes longer than the allocation. Where more is asked for, it is right.
int posix_memalign(void **result, size_t alignment, size_t size) {
  if (alignment < sizeof(void *)) return EINVAL;
  void *memory = alignment <= 16 ? malloc(size) : aligned_alloc(alignment, size);
  if (!memory) return ENOMEM;
  *result = memory;
  return 0;
}
#endif
