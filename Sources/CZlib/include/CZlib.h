#pragma once
#include <stddef.h>
#include <stdint.h>

/// Decompression of one gzip member after the other, by zlib, and gzip's checksum.

/// A decompression that is going on. It holds the window, 32 KiB, and some 10 KiB of tables, whatever the input is.
typedef struct czlib_inflater czlib_inflater;

/// What a step came to.
enum czlib_result {
  /// Give more input, or more room for output.
  czlib_more = 0,
  /// The member has ended and its checksum is right; input after it was not taken.
  czlib_member_end = 1,
  /// This is no gzip, or it is damaged.
  czlib_damaged = -1,
  /// There is no memory.
  czlib_no_memory = -2,
};

/// Begins the decompression of a gzip member. NULL when there is no memory. Freed by czlib_free.
czlib_inflater *_Nullable czlib_new(void);
/// Takes up to `*input_count` bytes and gives up to `*output_count`; both are set to what was taken and given.
enum czlib_result czlib_step(
    czlib_inflater *_Nonnull inflater, const uint8_t *_Nullable input, size_t *_Nonnull input_count, uint8_t *_Nonnull output,
    size_t *_Nonnull output_count);
/// Begins the next member.
enum czlib_result czlib_next_member(czlib_inflater *_Nonnull inflater);
/// Frees it, wherever it is.
void czlib_free(czlib_inflater *_Nonnull inflater);
/// The CRC-32 of what had `checksum` with these bytes after it; nothing has 0.
uint32_t czlib_checksum(uint32_t checksum, const void *_Nullable bytes, size_t count);
