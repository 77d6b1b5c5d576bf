/* What libmbedcrypto.a holds: digests, and the verification of signatures over the P-256 curve. Nothing else is compiled in, so nothing else can be reached.
   Installed as mbedtls/config.h, so that programs see the same choice as the library. */
#ifndef APUS_MBEDTLS_CONFIG_H
#define APUS_MBEDTLS_CONFIG_H

#define MBEDTLS_HAVE_ASM
#define MBEDTLS_DEPRECATED_REMOVED

/* Digests of images: sha256 and sha512. */
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA512_C

/* ECDSA over P-256. The curve's arithmetic is blinded against observers by random numbers, for which the library would bring a generator of its own (HMAC-DRBG).
   A device only verifies: signature, hash and key are public, so there is nothing to hide. Whoever signs with this library has to define this anew. */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_NO_INTERNAL_RNG
#define MBEDTLS_ECDSA_C
/* Long division in a few lines of the library's own instead of libgcc's function for 128 bits. */
#define MBEDTLS_NO_UDBL_DIVISION

/* Signatures and keys as documents hold them; ECDSA asks for both directions. */
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_BASE64_C

#include "mbedtls/check_config.h"

#endif
