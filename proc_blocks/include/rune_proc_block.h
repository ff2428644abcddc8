#ifndef RUNE_PROC_BLOCK_H
#define RUNE_PROC_BLOCK_H

/* What a proc block is written against.

   A block is compiled once for every stage that uses it, with a generated `rune_stage.h` for that stage:

     RUNE_PROC_BLOCK            the name of the function to define
     RUNE_STAGE_NAME            the stage's name, a string literal
     RUNE_INPUT_COUNT           number of inputs, and for each input i:
     rune_inputI                the C type of its elements (rune_input0, rune_input1, ...)
     RUNE_INPUTI_TYPE           its rune_element_type
     RUNE_INPUTI_COUNT          its number of elements
     RUNE_INPUTI_IS_FLOAT, RUNE_INPUTI_IS_SIGNED   0 or 1, for #if
     RUNE_INPUTI_FROM_F32(x)    a float as an element: integers saturate, NaN is 0
   and the same for outputs,
     rune_input_sizes           bytes of each input
     rune_arguments             a constant struct with one member per argument of block.yaml
                                (f32: float, i32: int32_t, u32: uint32_t, bool: bool, string: rune_string,
                                lines: const rune_string *NAME and uint32_t NAME_count)
     RUNE_ARGUMENT_NAME         the same for each i32 and u32 argument, as a constant: for array sizes and #if

   With a tables.c beside it, the block may include rune_stage_tables.h: see rune_tables.h.

   The block reads in[i].data, fills out[i].data, keeps its state in static variables and calls rune_fail when it
   cannot go on. It has no heap and no C library; memcpy, memset and memmove are there. Floats: + - * / and the
   functions of rune_math.h; no fused multiply-add is ever formed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rune_tensor.h"

/* Ends the call as a failure of this stage: see rune_fail_at. */
#define rune_fail(...) rune_fail_at(RUNE_STAGE_NAME, __VA_ARGS__)

/* Float to integer, saturating, NaN to 0: the one conversion whose result is the same on every target. */
static inline int64_t rune_to_i64(float value, int64_t minimum, int64_t maximum) {
    if (value != value) {
        return 0;
    }
    if (value <= (float)minimum) {
        return minimum;
    }
    if (value >= (float)maximum) {
        return maximum;
    }
    return (int64_t)value;
}

static inline uint64_t rune_to_u64(float value) {
    if (!(value > 0.0f)) {
        return 0;
    }
    if (value >= 18446744073709551616.0f) {
        return UINT64_MAX;
    }
    return (uint64_t)value;
}

#include "rune_stage.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out);

#endif
