#include "rune_stream.h"

#include <stdbool.h>
#include <string.h>

#include "rune_frame.h"
#include "rune_line.h"

#define MAX_FRAMES 65536u
#define MAX_REQUEST 65535u

/* The request under way. */
typedef struct request {
    const rune_capability *capability;
    uint8_t *buffer;
    uint32_t length;
    uint32_t next;   /* the frame that is wanted */
    uint32_t frames; /* in all */
    uint64_t remind_at;
} request;

static const rune_board *board;
static rune_frame_parser parser;
static uint32_t
    number; /* of the last request; goes on over restarts, so that late frames of an old one are known */

void rune_stream_start(const rune_board *on) {
    board = on;
}

static void reset(void) {
    memset(&parser, 0, sizeof parser);
}

static void announce(const request *of) {
    uint32_t window = board->serial_receive_capacity / RUNE_FRAME_SIZE;
    rune_line_need(of->capability, number, of->length, of->next, window > 0 ? window : 1);
}

static void progress(request *of) {
    of->remind_at = board->microseconds() + RUNE_STREAM_REMIND_US;
}

static uint32_t frame_length(const request *of, uint32_t sequence) {
    uint32_t left = of->length - sequence * RUNE_FRAME_PAYLOAD;
    return left < RUNE_FRAME_PAYLOAD ? left : RUNE_FRAME_PAYLOAD;
}

static rune_status take(request *of, const rune_frame *frame) {
    if (frame->request != number) {
        return RUNE_OK;
    }
    if (frame->kind == RUNE_FRAME_NO_DATA) {
        return RUNE_ERROR_NO_DATA;
    }
    if (frame->sequence == of->next) {
        if (frame->length != frame_length(of, of->next)) {
            return RUNE_OK;
        }
        memcpy(of->buffer + of->next * RUNE_FRAME_PAYLOAD, frame->payload, frame->length);
        of->next++;
        progress(of);
    }
    rune_line_ack(number, of->next);
    return RUNE_OK;
}

/* Takes the frames that have arrived, then fetches more bytes; false when there were none. In this order, for
   only after all frames have been taken does the parser have room. */
static bool receive(request *of, rune_status *status) {
    rune_frame frame;
    while (rune_frame_next(&parser, &frame)) {
        *status = take(of, &frame);
        if (*status != RUNE_OK || of->next == of->frames) {
            return true;
        }
    }
    uint32_t capacity;
    uint8_t *room = rune_frame_room(&parser, &capacity);
    uint32_t received = board->serial_read(room, capacity);
    rune_frame_received(&parser, received);
    return received > 0;
}

static rune_status read(const rune_capability *capability, uint8_t *buffer, uint32_t length) {
    request of = {capability, buffer, length, 0, 0, 0};
    of.frames = length / RUNE_FRAME_PAYLOAD + (length % RUNE_FRAME_PAYLOAD != 0);
    if (of.frames > MAX_FRAMES) {
        return RUNE_ERROR_DRIVER; /* more than a request can carry: 15 MiB */
    }
    if (length == 0) {
        return RUNE_OK;
    }
    number = number == MAX_REQUEST ? 1 : number + 1;
    announce(&of);
    progress(&of);
    rune_status status = RUNE_OK;
    while (status == RUNE_OK && of.next < of.frames) {
        if (receive(&of, &status)) {
            continue;
        }
        if (board->microseconds() < of.remind_at) {
            board->idle(of.remind_at);
        } else {
            rune_line_waiting(capability);
            announce(&of);
            progress(&of);
        }
    }
    return status;
}

const rune_driver rune_stream_drivers[RUNE_STREAM_DRIVER_COUNT] = {
    {.kind = RUNE_CAPABILITY_SOUND, .read = read, .reset = reset},
    {.kind = RUNE_CAPABILITY_ACCEL, .read = read},
    {.kind = RUNE_CAPABILITY_IMAGE, .read = read},
    {.kind = RUNE_CAPABILITY_RAW, .read = read},
};
