#pragma once
#include <stddef.h>
#include <stdint.h>

/// Decompression of Zstandard frames (RFC 8878), one after the other, by libzstd.

/// A decompression that is going on. It holds some 100 KiB, and from a frame's beginning on its window, at most 8 MiB.
typedef struct czstd_unpacker czstd_unpacker;

/// What a step came to.
enum czstd_result {
  /// Give more input, or more room for output.
  czstd_more = 0,
  /// A frame has ended, its checksum is right if it has one, and all that was in it has been given. The next one begins with the next input.
  czstd_frame_end = 1,
  /// This is no frame, or it is damaged.
  czstd_damaged = -1,
  /// There is no memory.
  czstd_no_memory = -2,
  /// A frame's window is larger than 8 MiB.
  czstd_window_too_large = -3,
};

/// Begins a decompression. NULL when there is no memory. Freed by czstd_free.
czstd_unpacker *_Nullable czstd_new(void);
/// Takes up to `*input_count` bytes and gives up to `*output_count`; both are set to what was taken and given.
enum czstd_result czstd_step(
    czstd_unpacker *_Nonnull unpacker, const uint8_t *_Nullable input, size_t *_Nonnull input_count, uint8_t *_Nonnull output,
    size_t *_Nonnull output_count);
/// Frees it, wherever it is.
void czstd_free(czstd_unpacker *_Nonnull unpacker);
