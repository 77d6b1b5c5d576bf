#include <mbedtls/base64.h>
#include <mbedtls/ecdsa.h>
#include <stdlib.h>

#include "CCrypto.h"

struct ccrypto_key {
  mbedtls_ecdsa_context context;
};

ccrypto_key *ccrypto_key_new(const uint8_t *point, size_t count) {
  ccrypto_key *key = malloc(sizeof *key);
  if (key == NULL) return NULL;
  mbedtls_ecdsa_context *context = &key->context;
  mbedtls_ecdsa_init(context);
  if (mbedtls_ecp_group_load(&context->grp, MBEDTLS_ECP_DP_SECP256R1) == 0 && mbedtls_ecp_point_read_binary(&context->grp, &context->Q, point, count) == 0
      && mbedtls_ecp_check_pubkey(&context->grp, &context->Q) == 0)
    return key;
  ccrypto_key_free(key);
  return NULL;
}

int ccrypto_key_verify(ccrypto_key *key, const uint8_t *hash, const uint8_t *signature, size_t count) {
  return mbedtls_ecdsa_read_signature(&key->context, hash, 32, signature, count);
}

void ccrypto_key_free(ccrypto_key *key) {
  mbedtls_ecdsa_free(&key->context);
  free(key);
}

long ccrypto_base64_decode(uint8_t *result, size_t size, const uint8_t *text, size_t count) {
  size_t written = 0;
  int error = mbedtls_base64_decode(result, size, &written, text, count);
  return error == 0 ? (long)written : error;
}
