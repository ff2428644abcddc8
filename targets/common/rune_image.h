#ifndef RUNE_IMAGE_H
#define RUNE_IMAGE_H

/* What is generated for one firmware: the rune, the models, and the memory they need. */

#include <stdbool.h>
#include <stdint.h>

#include "rune_model.h"

/* Writes the shortest decimal of the f64 with these bits; returns its length, 0 for NaN and infinity. */
typedef uint32_t (*rune_print_f64)(uint64_t bits, char *text);

typedef struct rune_image {
    const char *name;     /* of the rune */
    const char *build_id; /* first 12 hexadecimal digits of the SHA-256 of all that shaped the build */
    const uint8_t *rune;  /* stripped .rune: a wasm module (for code compiled ahead of time: without its code) */
    uint32_t rune_length;
    uint8_t *heap; /* the engine's, aligned to 16; NULL for one that needs none */
    uint32_t heap_size;
    const rune_model *const *models;
    uint32_t model_count;
    uint8_t *model_arena; /* aligned to 16; as large as the largest model's arena */
    const char *const *stages; /* names, in the order of the numbers that the rune keeps of them, from 1 */
    uint32_t stage_count;
    int32_t budget; /* what the rune may execute in one call, in the units of its instruction budget */
    uint32_t watchdog_milliseconds; /* longer than any call within its budget; 0: no watchdog */
    uint32_t interval_microseconds; /* between calls of a pipeline without a timed sensor */

    /* Members that may be left 0. */
    rune_print_f64 print_f64; /* rune_double_print where an output is f64: only then it is linked */
    bool stream_sensors; /* SOUND, ACCEL, IMAGE and RAW come from the host even where the board has a driver */
} rune_image;

extern const rune_image rune_image_self;

#endif
