#ifndef RUNE_TENSOR_TYPE_H
#define RUNE_TENSOR_TYPE_H

/* Tensor types as text: `f32[1, 4]`, `utf8`. */

#include <stdbool.h>
#include <stdint.h>

#include "rune_model.h"

#ifndef RUNE_MAX_DIMENSIONS
#define RUNE_MAX_DIMENSIONS 8 /* of one tensor; 4 bytes of stack each */
#endif

typedef struct rune_tensor_type {
    rune_element_type element_type;
    uint32_t rank;
    uint32_t dimensions[RUNE_MAX_DIMENSIONS];
    uint32_t count; /* elements */
} rune_tensor_type;

/* Reads a type; false when the text is none, has more than RUNE_MAX_DIMENSIONS dimensions or 2^31 elements or
   more. */
bool rune_tensor_type_read(const uint8_t *text, uint32_t length, rune_tensor_type *type);

/* "u8", "f32" ... */
const char *rune_element_name(rune_element_type type);

/* Bytes of an element; a utf8 element has 8 in linear memory ({offset, length}). */
uint32_t rune_element_size(rune_element_type type);

#endif
