#include "rune_frame.h"

#include <string.h>

#include "rune_bytes.h"
#include "rune_crc32.h"

#define HEADER 8
#define CRC 4

uint8_t *rune_frame_room(rune_frame_parser *parser, uint32_t *capacity) {
    *capacity = RUNE_FRAME_SIZE - parser->used;
    return parser->bytes + parser->used;
}

void rune_frame_received(rune_frame_parser *parser, uint32_t length) {
    parser->used += length;
}

static void drop(rune_frame_parser *parser, uint32_t count) {
    if (count == 0) { /* nearly always: a frame comes in many small pieces */
        return;
    }
    parser->used -= count;
    memmove(parser->bytes, parser->bytes + count, parser->used);
}

/* Returns the first place from `from` on where a frame may begin. */
static uint32_t find_begin(const rune_frame_parser *parser, uint32_t from) {
    while (from < parser->used) {
        bool can_begin =
            parser->bytes[from] == 'R' && (from + 1 == parser->used || parser->bytes[from + 1] == 'F');
        if (can_begin) {
            break;
        }
        from++;
    }
    return from;
}

/* Whether kind and length can be those of a frame: most false beginnings are known by them without waiting. */
static bool header_is_possible(const uint8_t *bytes) {
    return (bytes[2] == RUNE_FRAME_DATA && bytes[3] <= RUNE_FRAME_PAYLOAD) ||
           (bytes[2] == RUNE_FRAME_NO_DATA && bytes[3] == 0);
}

bool rune_frame_next(rune_frame_parser *parser, rune_frame *frame) {
    drop(parser, parser->given);
    parser->given = 0;
    for (uint32_t from = 0;; from = 1) {
        drop(parser, find_begin(parser, from));
        const uint8_t *bytes = parser->bytes;
        if (parser->used < HEADER) {
            return false;
        }
        uint32_t length = bytes[3];
        uint32_t size = HEADER + length + CRC;
        if (!header_is_possible(bytes)) {
            continue;
        }
        if (parser->used < size) {
            return false;
        }
        if (rune_crc32(0, bytes + 2, size - 2 - CRC) != rune_read_u32(bytes + size - CRC)) {
            continue;
        }
        frame->kind = (rune_frame_kind)bytes[2];
        frame->request = rune_read_u16(bytes + 4);
        frame->sequence = rune_read_u16(bytes + 6);
        frame->length = length;
        frame->payload = bytes + HEADER;
        parser->given = size;
        return true;
    }
}
