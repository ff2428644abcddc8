#ifndef RUNE_MODEL_H
#define RUNE_MODEL_H

/* A model that was compiled ahead of time: what generated code gives and the runtime calls. */

#include <stdint.h>

#include "rune_element_type.h"

#ifndef RUNE_MAX_MODEL_TENSORS
#define RUNE_MAX_MODEL_TENSORS 8 /* inputs, and likewise outputs, of one model; 4 bytes of stack each */
#endif

/* A layer of a model: a function of its own in the program too, so that what it costs can be told. */
#define RUNE_LAYER __attribute__((noinline))

typedef struct rune_model_tensor {
    rune_element_type element_type;
    uint32_t count; /* elements */
} rune_model_tensor;

typedef struct rune_model {
    const char *name;
    uint8_t sha256[32]; /* of the .tflite file */
    uint32_t input_count;
    const rune_model_tensor *inputs;
    uint32_t output_count;
    const rune_model_tensor *outputs;
    uint32_t arena_size; /* bytes; the arena is shared by all models and aligned to 16 */
    /* inputs[i] and outputs[i] are aligned to their element's size (at most 4 is promised for 8-byte elements)
       and do not overlap each other or the arena; inputs are not written to. */
    void (*infer)(const void *const *inputs, void *const *outputs, uint8_t *arena);
    /* Sets variable tensors back to their initial values; NULL when the model has none. */
    void (*reset)(void);
} rune_model;

#endif
