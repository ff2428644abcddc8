#ifndef RUNE_FRAME_H
#define RUNE_FRAME_H

/* Finds the frames of docs/wire.md in a stream of bytes in which some may be wrong, missing or doubled. */

#include <stdbool.h>
#include <stdint.h>

#define RUNE_FRAME_SIZE 256    /* of a full frame */
#define RUNE_FRAME_PAYLOAD 244 /* of that, payload */

typedef enum rune_frame_kind { RUNE_FRAME_DATA = 1, RUNE_FRAME_NO_DATA = 2 } rune_frame_kind;

typedef struct rune_frame {
    rune_frame_kind kind;
    uint16_t request;
    uint16_t sequence;
    uint32_t length;
    const uint8_t *payload; /* until the next call of rune_frame_next */
} rune_frame;

/* All zero at the start. */
typedef struct rune_frame_parser {
    uint32_t used;
    uint32_t given; /* bytes of the frame that was given last, and still stands at the beginning */
    uint8_t bytes[RUNE_FRAME_SIZE];
} rune_frame_parser;

/* Returns where the next received bytes belong, and how many have room: never 0 after rune_frame_next was
   false. */
uint8_t *rune_frame_room(rune_frame_parser *parser, uint32_t *capacity);

/* Notes that so many bytes were put there. */
void rune_frame_received(rune_frame_parser *parser, uint32_t length);

/* Gives the next frame that is whole and has the right CRC; false when more bytes are wanted. */
bool rune_frame_next(rune_frame_parser *parser, rune_frame *frame);

#endif
