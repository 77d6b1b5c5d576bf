#pragma once
#include <stddef.h>
#include <stdint.h>

/// SHA-256 and SHA-512 of a stream of bytes, by mbedTLS.

/// A hash that is being calculated.
typedef struct ccrypto_hash ccrypto_hash;

/// Begins a SHA-256 hash or, if `is_512` is not 0, a SHA-512 one. NULL when there is no memory. Freed by ccrypto_hash_free.
ccrypto_hash *_Nullable ccrypto_hash_new(int is_512);
/// Adds bytes. 0, or mbedTLS's negative error number.
int ccrypto_hash_update(ccrypto_hash *_Nonnull hash, const void *_Nullable bytes, size_t count);
/// Ends the hash and writes it, 32 or 64 bytes, to `result`. 0, or mbedTLS's negative error number.
int ccrypto_hash_finish(ccrypto_hash *_Nonnull hash, uint8_t *_Nonnull result);
/// Frees the hash, finished or not.
void ccrypto_hash_free(ccrypto_hash *_Nonnull hash);

/// A public key.
typedef struct ccrypto_key ccrypto_key;

/// Takes a point of the curve P-256, uncompressed (SEC 1, 2.3.4: 65 bytes). NULL when it is none, or there is no memory. Freed by ccrypto_key_free.
ccrypto_key *_Nullable ccrypto_key_new(const uint8_t *_Nullable point, size_t count);
/// Whether `signature` is the key's ECDSA signature, ASN.1 in DER, of what has this SHA-256 hash (32 bytes): 0, or mbedTLS's negative error number.
int ccrypto_key_verify(ccrypto_key *_Nonnull key, const uint8_t *_Nonnull hash, const uint8_t *_Nullable signature, size_t count);
/// Frees the key.
void ccrypto_key_free(ccrypto_key *_Nonnull key);

/// Decodes base64 (RFC 4648, with padding); gives the number of bytes, or mbedTLS's negative error number.
long ccrypto_base64_decode(uint8_t *_Nullable result, size_t size, const uint8_t *_Nullable text, size_t count);
