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
