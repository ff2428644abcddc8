/* The stream's device end over a line that loses, doubles, cuts and alters what is sent. The destination is a block of
   exactly its size. Usage: stream_fuzz SEED ROUNDS; exit status 4 where data that are said to be whole are not. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_board.h"
#include "rune_crc32.h"
#include "rune_frame.h"
#include "rune_line.h"
#include "rune_stream.h"

#define MOST_BYTES 1500u

static uint8_t content[MOST_BYTES];
static uint32_t length; /* of the request */
static uint32_t request;
static uint32_t following; /* the frame that the device wants */
static uint32_t noises; /* looks at the port until the line is good: so that every request ends */
static uint8_t waiting[2 * RUNE_FRAME_SIZE];
static uint32_t waiting_length;

static uint32_t number_after(const uint8_t *line, uint32_t line_length, const char *key, uint32_t otherwise) {
    uint32_t key_length = (uint32_t)strlen(key);
    for (uint32_t i = 0; i + key_length < line_length; i++) {
        if (memcmp(line + i, key, key_length) == 0) {
            uint32_t value = 0;
            for (i += key_length; i < line_length && line[i] >= '0' && line[i] <= '9'; i++) {
                value = value * 10 + (uint32_t)(line[i] - '0');
            }
            return value;
        }
    }
    return otherwise;
}

static uint8_t line[512];
static uint32_t line_length;

static void sent(const uint8_t *data, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (data[i] == '\n') {
            request = number_after(line, line_length, "\"request\":", request);
            following = number_after(line, line_length, "\"next\":", following);
            line_length = 0;
        } else if (line_length < sizeof line) {
            line[line_length++] = data[i];
        }
    }
}

static void put_u16(uint8_t *to, uint32_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

/* Makes a frame; its sequence and its length are the wanted ones, or any. */
static uint32_t make_frame(uint8_t *frame, bool good) {
    uint32_t sequence = good || fuzz_below(2) == 0 ? following : fuzz_below(8);
    uint32_t begin = sequence * RUNE_FRAME_PAYLOAD;
    uint32_t left = begin < length ? length - begin : 0;
    uint32_t payload = left < RUNE_FRAME_PAYLOAD ? left : RUNE_FRAME_PAYLOAD;
    if (!good && fuzz_below(6) == 0) {
        payload = fuzz_below(RUNE_FRAME_PAYLOAD + 1);
    }
    bool ends = !good && fuzz_below(40) == 0;
    frame[0] = 'R';
    frame[1] = 'F';
    frame[2] = ends ? RUNE_FRAME_NO_DATA : RUNE_FRAME_DATA;
    frame[3] = (uint8_t)(ends ? 0 : payload);
    put_u16(frame + 4, good || fuzz_below(8) != 0 ? request : fuzz_random());
    put_u16(frame + 6, sequence);
    for (uint32_t i = 0; i < frame[3]; i++) {
        frame[8 + i] = begin + i < length ? content[begin + i] : (uint8_t)fuzz_random();
    }
    uint32_t end = 8u + frame[3];
    uint32_t crc = rune_crc32(0, frame + 2, end - 2);
    put_u16(frame + end, crc);
    put_u16(frame + end + 2, crc >> 16);
    return end + 4;
}

static void make_noise(void) {
    waiting_length = make_frame(waiting, false);
    switch (fuzz_below(5)) {
    case 0: /* other bytes */
        for (uint32_t i = 1 + fuzz_below(6); i > 0; i--) {
            waiting[fuzz_below(waiting_length)] ^= (uint8_t)(1u << fuzz_below(8));
        }
        break;
    case 1: /* an end that is missing */
        waiting_length = fuzz_below(waiting_length);
        break;
    case 2: /* beginnings that are none */
        for (uint32_t i = 0; i < waiting_length; i++) {
            waiting[i] = (uint8_t)("RFRR\1\2\364\0"[fuzz_below(8)]);
        }
        break;
    case 3: /* twice */
        waiting_length += make_frame(waiting + waiting_length, false);
        break;
    default:
        break;
    }
}

static uint32_t receive(uint8_t *buffer, uint32_t capacity) {
    if (waiting_length == 0) {
        if (noises > 0) {
            noises--;
            if (fuzz_below(4) == 0) {
                return 0;
            }
            make_noise();
        } else {
            waiting_length = make_frame(waiting, true);
        }
    }
    uint32_t count = waiting_length < capacity ? waiting_length : capacity;
    count = count > 1 && fuzz_below(2) == 0 ? fuzz_below(count) : count;
    memcpy(buffer, waiting, count);
    waiting_length -= count;
    memmove(waiting, waiting + count, waiting_length);
    return count;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        return 2;
    }
    fuzz_seed(strtoull(argv[1], NULL, 10));
    fuzz_receive = receive;
    fuzz_sent = sent;
    rune_line_start(&fuzz_board);
    rune_stream_start(&fuzz_board);
    uint32_t whole = 0, ended = 0;
    for (long rounds = atol(argv[2]); rounds > 0; rounds--) {
        const rune_driver *driver = &rune_stream_drivers[fuzz_below(RUNE_STREAM_DRIVER_COUNT)];
        const rune_capability capability = {.kind = driver->kind, .source = (int32_t)fuzz_below(3)};
        if (driver->reset != NULL && fuzz_below(4) == 0) {
            driver->reset();
        }
        length = 1 + fuzz_below(MOST_BYTES);
        noises = fuzz_below(30);
        for (uint32_t i = 0; i < length; i++) {
            content[i] = (uint8_t)fuzz_random();
        }
        uint8_t *buffer = malloc(length);
        if (buffer == NULL) {
            return 3;
        }
        rune_status status = driver->read(&capability, buffer, length);
        bool same = memcmp(buffer, content, length) == 0;
        if (status == RUNE_OK ? !same : status != RUNE_ERROR_NO_DATA) {
            return 4;
        }
        whole += status == RUNE_OK;
        ended += status != RUNE_OK;
        free(buffer);
    }
    printf("%u %u\n", whole, ended);
    return 0;
}
