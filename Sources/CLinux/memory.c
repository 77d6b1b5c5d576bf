#include "CLinux.h"
#include <errno.h>
#include <stdlib.h>

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
