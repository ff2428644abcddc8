/* Calls the host functions with everything that a rune could pass. The linear memory is a block of exactly its size, so
   that a sanitizer sees each access beyond it. Usage: host_fuzz SEED ROUNDS; exit status 4 where a function's answer
   and the failure that it has noted do not agree. Lines go to standard output. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_board.h"
#include "rune_engine.h"
#include "rune_failure.h"
#include "rune_host.h"
#include "rune_image.h"
#include "rune_line.h"
#include "rune_stream.h"

#define CALLS_PER_ROUND 40u
#define MOST_PLACES 64u

void fake_engine_set_memory(uint8_t *at, uint32_t size);

/* Pieces of what host functions read: right ones, to be found among what is wrong. */
#define PIECE(text) {(const uint8_t *)(text), sizeof(text) - 1}
static const struct piece {
    const uint8_t *bytes;
    uint32_t length;
} pieces[] = {
    PIECE("application/vnd.runeflash.model"),
    PIECE("application/tflite-model"),
    PIECE("net"),
    PIECE("source"),
    PIECE("\3\0\0\0"),
    PIECE("f32[1, 2]"),
    PIECE("f32[1, 1]"),
    PIECE("u8[2, 3]"),
    PIECE("\6\0\0\0i32[2]\1\2\3\4\5\6\7\x88"),
    PIECE("\6\0\0\0f32[2]\0\0\xc0\x7f\0\0\x80\xff"),
    PIECE("\6\0\0\0f64[1]\1\2\3\4\5\6\7\x3f"),
    PIECE("\7\0\0\0utf8[2]\4\0\0\0\xff\"\\\n\2\0\0\0hi"),
    PIECE("\5\0\0\0u8[0]\6\0\0\0i8[2]\6\0\0\0i64[1]\1\2\3\4\5\6\7\xff"),
    PIECE("\x18\0\0\0u16[1, 1, 1, 1, 1, 1, 1, 1]\1\2"),
    PIECE("{\"level\":\"ERROR\",\"message\":\"no\\u00e9\\n\\ud83d\",\"target\":\"attack\"}"),
    PIECE("{\"message\":\"a\\\"b\\\\\",\"level\":\"WARN\"}"),
    PIECE("{\"level\": {\"message\": [1, \"x\"]}, \"message\" : \"\\u0000\\uDEAD\"}"),
};
#define PIECES (sizeof pieces / sizeof pieces[0])

static uint32_t size;
static uint32_t place_count;
static struct {
    uint32_t at;
    uint32_t length;
} places[MOST_PLACES];

static void write_u32(uint8_t *to, uint32_t value) {
    memcpy(to, &value, sizeof value);
}

static uint32_t address(void);

/* What loading the image's model and running it takes, where there is room: at these addresses. */
enum { KIT_MIMETYPE = 0, KIT_NAME = 32, KIT_TEXTS = 36, KIT_DESCRIPTORS = 56, KIT_POINTERS = 72, KIT_TENSORS = 80, KIT_END = 96 };

static void put_kit(uint8_t *memory) {
    memcpy(memory + KIT_MIMETYPE, pieces[0].bytes, pieces[0].length);
    memcpy(memory + KIT_NAME, pieces[2].bytes, pieces[2].length);
    for (uint32_t i = 0; i < 2; i++) {
        memcpy(memory + KIT_TEXTS + 10 * i, pieces[5 + i].bytes, 9);
        write_u32(memory + KIT_DESCRIPTORS + 8 * i, KIT_TEXTS + 10 * i);
        write_u32(memory + KIT_DESCRIPTORS + 8 * i + 4, 9);
        write_u32(memory + KIT_POINTERS + 4 * i, KIT_TENSORS + 8 * i);
    }
}

/* Fills the memory with pieces, descriptors of these, pointers, and noise over all of it. */
static void fill(uint8_t *memory) {
    place_count = 0;
    for (uint32_t i = 0; i < size; i++) {
        memory[i] = (uint8_t)(fuzz_below(4) == 0 ? fuzz_random() : 0);
    }
    bool with_kit = size >= KIT_END;
    if (with_kit) {
        put_kit(memory);
    }
    for (uint32_t at = with_kit ? KIT_END : 0; place_count < MOST_PLACES;) {
        const struct piece *piece = &pieces[fuzz_below(PIECES)];
        at += fuzz_below(4);
        if (piece->length > size || at > size - piece->length) {
            break;
        }
        memcpy(memory + at, piece->bytes, piece->length);
        places[place_count].at = at;
        places[place_count++].length = piece->length;
        at = (at + piece->length + 3u) & ~3u;
        for (uint32_t more = fuzz_below(3); more > 0 && at + 8 <= size && place_count < MOST_PLACES; more--, at += 8) {
            uint32_t which = fuzz_below(place_count);
            write_u32(memory + at, fuzz_below(3) == 0 ? address() : places[which].at);
            write_u32(memory + at + 4, fuzz_below(3) == 0 ? address() & ~3u : places[which].length);
            places[place_count].at = at;
            places[place_count++].length = 8;
        }
    }
    for (uint32_t noise = fuzz_below(8); noise > 0 && size > 0; noise--) {
        memory[fuzz_below(size)] = (uint8_t)fuzz_random();
    }
}

static uint32_t address(void) {
    switch (fuzz_below(8)) {
    case 0:
        return fuzz_random();
    case 1:
        return size + 4 - fuzz_below(12);
    case 2:
        return 0u - fuzz_below(12);
    case 3:
        return fuzz_below(size + 1) & ~3u;
    default:
        return place_count == 0 ? fuzz_below(size + 1) : places[fuzz_below(place_count)].at;
    }
}

static uint32_t length_at(uint32_t at) {
    for (uint32_t i = 0; i < place_count && fuzz_below(6) != 0; i++) {
        if (places[i].at == at) {
            return places[i].length;
        }
    }
    return fuzz_below(2) == 0 ? fuzz_below(40) : address();
}

static uint32_t handle(void) {
    return fuzz_below(20) == 0 ? fuzz_random() : fuzz_below(7);
}

static uint32_t piece_at(uint32_t number) {
    for (uint32_t i = 0; i < place_count && fuzz_below(8) != 0; i++) {
        if (places[i].length == pieces[number].length) {
            return places[i].at;
        }
    }
    return address();
}

static rune_status call(uint32_t function, uint32_t *result) {
    uint32_t a = address(), b = address();
    switch (function) {
    case 0:
        return rune_host_debug(a, length_at(a), result);
    case 1:
        return rune_host_request_capability(fuzz_below(7) == 0 ? fuzz_random() : 5 - 4 * fuzz_below(2), result);
    case 2:
        if (fuzz_below(2) == 0) {
            return rune_host_request_capability_set_param(handle(), piece_at(3), 6, piece_at(4), 4, 1, result);
        }
        return rune_host_request_capability_set_param(handle(), a, length_at(a), b, length_at(b), fuzz_below(9), result);
    case 3:
        return rune_host_request_provider_response(a & (fuzz_below(8) == 0 ? ~0u : ~3u), length_at(a), handle(), result);
    case 4:
        return rune_host_request_output(fuzz_below(7), result);
    case 5:
    case 6:
        return rune_host_consume_output(handle(), a, length_at(a), result);
    case 7:
        if (fuzz_below(2) == 0) {
            return rune_host_model_load(KIT_MIMETYPE, pieces[0].length, KIT_NAME, 3, KIT_DESCRIPTORS, 1,
                                        KIT_DESCRIPTORS + 8, 1, result);
        }
        return rune_host_model_load(piece_at(0), pieces[0].length, b, length_at(b), address() & ~3u, fuzz_below(3),
                                    a & ~3u, fuzz_below(3), result);
    case 8:
        if (fuzz_below(2) == 0) {
            a = KIT_POINTERS;
            b = KIT_POINTERS + 4 * fuzz_below(2);
        }
        return rune_host_model_infer(handle(), a & ~3u, b & ~3u, result);
    case 9:
        return rune_host_resource_open(a, length_at(a), result);
    case 10:
        return rune_host_resource_read(handle(), a, length_at(a), result);
    default:
        return rune_host_resource_close(handle(), result);
    }
}

static uint32_t successes[12];

static void round_of_calls(const rune_module *module) {
    static const uint32_t sizes[] = {0, 1, 17, 64, 1000, 4096};
    size = sizes[fuzz_below(sizeof sizes / sizeof sizes[0])];
    uint8_t *memory = malloc(size == 0 ? 1 : size);
    if (memory == NULL) {
        exit(3);
    }
    fake_engine_set_memory(memory, size);
    fill(memory);
    rune_host_start(&fuzz_board, &rune_image_self, module);
    for (uint32_t i = 0; i < CALLS_PER_ROUND; i++) {
        uint32_t result = 0;
        uint32_t function = fuzz_below(12);
        rune_failure_clear();
        rune_status status = call(function, &result);
        const rune_failure *failure = rune_failure_last();
        if ((uint32_t)status >= RUNE_STATUS_COUNT || failure->status != status ||
            (status == RUNE_OK && (failure->message_length != 0 || failure->stage_length != 0)) ||
            /* A block may have nothing to say. */
            (status != RUNE_OK && status != RUNE_ERROR_BLOCK && failure->message_length == 0)) {
            fprintf(stderr, "function %u: status %u\n", function, (uint32_t)status);
            exit(4);
        }
        if (status != RUNE_OK) {
            rune_line_error(failure); /* with bytes of the rune's memory in it */
        }
        successes[function] += status == RUNE_OK;
    }
    free(memory);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        return 2;
    }
    fuzz_seed(strtoull(argv[1], NULL, 10));
    rune_module module;
    rune_line_start(&fuzz_board);
    rune_stream_start(&fuzz_board);
    if (rune_module_read(rune_image_self.rune, rune_image_self.rune_length, &module) != RUNE_OK) {
        return 3;
    }
    for (long rounds = atol(argv[2]); rounds > 0; rounds--) {
        round_of_calls(&module);
    }
    for (uint32_t i = 0; i < 12; i++) {
        fprintf(stderr, "%u ", successes[i]);
    }
    return 0;
}
