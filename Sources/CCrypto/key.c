#include <mbedtls/base64.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <stdlib.h>

#include "CCrypto.h"

struct ccrypto_key {
  mbedtls_pk_context context;
};

ccrypto_key *ccrypto_key_new(const uint8_t *bytes, size_t count, int *error) {
  ccrypto_key *key = malloc(sizeof *key);
  *error = MBEDTLS_ERR_PK_ALLOC_FAILED;
  if (key == NULL) return NULL;
  mbedtls_pk_init(&key->context);
  *error = mbedtls_pk_parse_public_key(&key->context, bytes, count);
  // The host's library knows other kinds of keys and curves than the device's.
  if (*error == 0 && (mbedtls_pk_get_type(&key->context) != MBEDTLS_PK_ECKEY || mbedtls_pk_ec(key->context)->grp.id != MBEDTLS_ECP_DP_SECP256R1))
    *error = MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE;
  if (*error == 0) return key;
  ccrypto_key_free(key);
  return NULL;
}

int ccrypto_key_verify(ccrypto_key *key, const uint8_t *hash, const uint8_t *signature, size_t count) {
  return mbedtls_pk_verify(&key->context, MBEDTLS_MD_SHA256, hash, 32, signature, count);
}

void ccrypto_key_free(ccrypto_key *key) {
  mbedtls_pk_free(&key->context);
  free(key);
}

long ccrypto_base64_decode(uint8_t *result, size_t size, const uint8_t *text, size_t count) {
  size_t written = 0;
  int error = mbedtls_base64_decode(result, size, &written, text, count);
  return error == 0 ? (long)written : error;
}
