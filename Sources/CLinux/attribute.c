#include "CLinux_attribute.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include "result.h"

long clinux_fgetxattr(int descriptor, const char *name, void *value, size_t size) { return CALL(SYS_fgetxattr, descriptor, name, value, size); }

int clinux_fsetxattr(int descriptor, const char *name, const void *value, size_t size) { return (int)CALL(SYS_fsetxattr, descriptor, name, value, size, 0); }

/// struct fsverity_enable_arg; the C library's headers may be older than the kernel.
struct verity_options {
  uint32_t version, algorithm, block_size, salt_size;
  uint64_t salt;
  uint32_t signature_size, reserved;
  uint64_t signature, more[11];
};

int clinux_enable_verity(int file) {
  // FS_VERITY_HASH_ALG_SHA256
  struct verity_options options = {.version = 1, .algorithm = 1, .block_size = 4096};
  return (int)CALL(SYS_ioctl, file, (unsigned long)_IOW('f', 133, struct verity_options), &options);
}

int clinux_measure_verity(int file, uint8_t *digest) {
  // struct fsverity_digest: the algorithm, the room for the digest, the digest.
  struct {
    uint16_t algorithm, size;
    uint8_t digest[64];
  } measured = {.size = 64};
  int error = (int)CALL(SYS_ioctl, file, (unsigned long)_IOC(_IOC_READ | _IOC_WRITE, 'f', 134, 4), &measured);
  if (error < 0) return error;
  memcpy(digest, measured.digest, sizeof measured.digest);
  return measured.size;
}

long clinux_flistxattr(int descriptor, char *names, size_t size) { return CALL(SYS_flistxattr, descriptor, names, size); }

int clinux_fremovexattr(int descriptor, const char *name) { return (int)CALL(SYS_fremovexattr, descriptor, name); }
