#include <zstd.h>
#include <zstd_errors.h>

#include "CZstd.h"

/// 8 MiB: what RFC 8878, 3.1.1.1.2, recommends that every decoder supports, and that frames do not exceed.
static const int window_log_limit = 23;

/// The context is the library's own.
static ZSTD_DCtx *context(czstd_unpacker *unpacker) { return (ZSTD_DCtx *)unpacker; }

czstd_unpacker *czstd_new(void) {
  ZSTD_DCtx *made = ZSTD_createDCtx();
  if (made == NULL) return NULL;
  if (!ZSTD_isError(ZSTD_DCtx_setParameter(made, ZSTD_d_windowLogMax, window_log_limit))) return (czstd_unpacker *)made;
  (void)ZSTD_freeDCtx(made);
  return NULL;
}

enum czstd_result czstd_step(czstd_unpacker *unpacker, const uint8_t *input, size_t *input_count, uint8_t *output, size_t *output_count) {
  ZSTD_inBuffer in = {input, *input_count, 0};
  ZSTD_outBuffer out = {output, *output_count, 0};
  size_t result = ZSTD_decompressStream(context(unpacker), &out, &in);
  *input_count = in.pos;
  *output_count = out.pos;
  if (!ZSTD_isError(result)) return result == 0 ? czstd_frame_end : czstd_more;
  switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation: return czstd_no_memory;
    case ZSTD_error_frameParameter_windowTooLarge: return czstd_window_too_large;
    default: return czstd_damaged;
  }
}

void czstd_free(czstd_unpacker *unpacker) { (void)ZSTD_freeDCtx(context(unpacker)); }
