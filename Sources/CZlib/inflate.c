#define ZLIB_CONST
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "CZlib.h"

struct czlib_inflater {
  z_stream stream;
};

czlib_inflater *czlib_new(void) {
  czlib_inflater *inflater = calloc(1, sizeof *inflater);
  if (inflater == NULL) return NULL;
  /// 15 bits of window, and 16 for "gzip only": a zlib or a raw deflate stream is no layer.
  if (inflateInit2(&inflater->stream, 15 + 16) == Z_OK) return inflater;
  free(inflater);
  return NULL;
}

enum czlib_result czlib_step(czlib_inflater *inflater, const uint8_t *input, size_t *input_count, uint8_t *output, size_t *output_count) {
  z_stream *stream = &inflater->stream;
  uInt input_given = *input_count > UINT_MAX ? UINT_MAX : (uInt)*input_count;
  uInt output_given = *output_count > UINT_MAX ? UINT_MAX : (uInt)*output_count;
  stream->next_in = input;
  stream->avail_in = input_given;
  stream->next_out = output;
  stream->avail_out = output_given;
  int result = inflate(stream, Z_NO_FLUSH);
  *input_count = input_given - stream->avail_in;
  *output_count = output_given - stream->avail_out;
  switch (result) {
    case Z_OK:
    case Z_BUF_ERROR: return czlib_more;
    case Z_STREAM_END: return czlib_member_end;
    case Z_MEM_ERROR: return czlib_no_memory;
    default: return czlib_damaged;
  }
}

enum czlib_result czlib_next_member(czlib_inflater *inflater) { return inflateReset(&inflater->stream) == Z_OK ? czlib_more : czlib_damaged; }

void czlib_free(czlib_inflater *inflater) {
  (void)inflateEnd(&inflater->stream);
  free(inflater);
}

uint32_t czlib_checksum(uint32_t checksum, const void *bytes, size_t count) {
  // Without bytes zlib gives the checksum of nothing.
  return count == 0 ? checksum : (uint32_t)crc32_z(checksum, bytes, count);
}
