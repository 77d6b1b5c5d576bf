#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <stdlib.h>

#include "CCrypto.h"

struct ccrypto_hash {
  int is_512;
  union {
    mbedtls_sha256_context sha256;
    mbedtls_sha512_context sha512;
  };
};

ccrypto_hash *ccrypto_hash_new(int is_512) {
  ccrypto_hash *hash = malloc(sizeof *hash);
  if (hash == NULL) return NULL;
  hash->is_512 = is_512;
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

int ccrypto_hash_update(ccrypto_hash *hash, const void *bytes, size_t count) {
  return hash->is_512 ? mbedtls_sha512_update_ret(&hash->sha512, bytes, count) : mbedtls_sha256_update_ret(&hash->sha256, bytes, count);
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
