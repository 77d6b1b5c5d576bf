#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <stdlib.h>

#include "CCrypto.h"
#include "blocks.h"

struct ccrypto_hash {
  int is_512;
  int has_instructions;
  union {
    mbedtls_sha256_context sha256;
    mbedtls_sha512_context sha512;
  };
};

ccrypto_hash *ccrypto_hash_new(int is_512) {
  ccrypto_hash *hash = malloc(sizeof *hash);
  if (hash == NULL) return NULL;
  hash->is_512 = is_512;
  hash->has_instructions = !is_512 && ccrypto_has_sha256();
  int error;
  if (is_512) {
    mbedtls_sha512_init(&hash->sha512);
    error = mbedtls_sha512_starts_ret(&hash->sha512, 0);
  } else {
    mbedtls_sha256_init(&hash->sha256);
    error = mbedtls_sha256_starts_ret(&hash->sha256, 0);
  }
  if (error == 0) return hash;
  ccrypto_hash_free(hash);
  return NULL;
}

/// What fills the block that mbedTLS has begun, and what is less than a block, is for mbedTLS; whole blocks between are not.
static int update_by_instructions(mbedtls_sha256_context *context, const uint8_t *bytes, size_t count) {
  size_t filling = -context->total[0] & 63;
  if (filling > count) filling = count;
  int error = mbedtls_sha256_update_ret(context, bytes, filling);
  if (error != 0) return error;
  const size_t blocks = (count - filling) / 64;
  const uint64_t total = ((uint64_t)context->total[1] << 32 | context->total[0]) + blocks * 64;
  ccrypto_sha256_blocks(context->state, bytes + filling, blocks);
  context->total[0] = (uint32_t)total;
  context->total[1] = (uint32_t)(total >> 32);
  return mbedtls_sha256_update_ret(context, bytes + filling + blocks * 64, count - filling - blocks * 64);
}

int ccrypto_hash_update(ccrypto_hash *hash, const void *bytes, size_t count) {
  if (hash->is_512) return mbedtls_sha512_update_ret(&hash->sha512, bytes, count);
  if (hash->has_instructions && count > 0) return update_by_instructions(&hash->sha256, bytes, count);
  return mbedtls_sha256_update_ret(&hash->sha256, bytes, count);
}

int ccrypto_hash_finish(ccrypto_hash *hash, uint8_t *result) {
  return hash->is_512 ? mbedtls_sha512_finish_ret(&hash->sha512, result) : mbedtls_sha256_finish_ret(&hash->sha256, result);
}

void ccrypto_hash_free(ccrypto_hash *hash) {
  if (hash->is_512)
    mbedtls_sha512_free(&hash->sha512);
  else
    mbedtls_sha256_free(&hash->sha256);
  free(hash);
}
