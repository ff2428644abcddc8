#ifndef RUNE_BINARY_H
#define RUNE_BINARY_H

/* ADD, SUB and MUL with broadcasting, of types without scales. */

#include "rune_kernel.h"

#define RUNE_BINARY_LOOPS 6

/* Along one dimension: its size, and the distance in elements from one index to the next in each operand, 0 where it
   is repeated. A loop without steps is not there. */
typedef struct rune_binary_loop {
    int32_t steps;
    int32_t first, second;
} rune_binary_loop;

/* Outermost first; dimensions that lie side by side in both operands are one. */
typedef struct rune_broadcast {
    rune_binary_loop loops[RUNE_BINARY_LOOPS];
} rune_broadcast;

#define RUNE_BINARY_FOR(INDEX, LOOP)                                                                          \
    for (int32_t INDEX = 0; INDEX < (shape.loops[LOOP].steps ? shape.loops[LOOP].steps : 1); INDEX++)

#define RUNE_BINARY_OFFSET(SIDE)                                                                              \
    (i * shape.loops[0].SIDE + j * shape.loops[1].SIDE + k * shape.loops[2].SIDE + l * shape.loops[3].SIDE    \
     + m * shape.loops[4].SIDE + n * shape.loops[5].SIDE)

/* RESULT is computed from `a` and `b`, in order; the output may be an operand that is not repeated. */
#define RUNE_BINARY_ALL(TYPE, RESULT)                                                                         \
    RUNE_BINARY_FOR(i, 0)                                                                                     \
    RUNE_BINARY_FOR(j, 1)                                                                                     \
    RUNE_BINARY_FOR(k, 2)                                                                                     \
    RUNE_BINARY_FOR(l, 3)                                                                                     \
    RUNE_BINARY_FOR(m, 4)                                                                                     \
    RUNE_BINARY_FOR(n, 5)                                                                                     \
    {                                                                                                         \
        const TYPE a = first[RUNE_BINARY_OFFSET(first)];                                                      \
        const TYPE b = second[RUNE_BINARY_OFFSET(second)];                                                    \
        *output++ = (TYPE)(RESULT);                                                                           \
    }

RUNE_KERNEL int64_t rune_activate_integer(int64_t x, rune_activation activation)
{
    const int64_t least = activation == RUNE_ACTIVATION_RELU_N1_TO_1 ? -1 : 0;
    const int64_t greatest = activation == RUNE_ACTIVATION_RELU_N1_TO_1 ? 1 : 6;
    if (activation == RUNE_ACTIVATION_NONE) {
        return x;
    }
    x = x < least ? least : x;
    return activation != RUNE_ACTIVATION_RELU && x > greatest ? greatest : x;
}

#define RUNE_BINARY_F32_DEFINE(NAME, OPERATION)                                                               \
    RUNE_KERNEL void NAME(rune_broadcast shape, rune_activation activation, const float *first,               \
                          const float *second, float *output)                                                 \
    {                                                                                                         \
        RUNE_BINARY_ALL(float, rune_activate_f32(a OPERATION b, activation))                                  \
    }

RUNE_BINARY_F32_DEFINE(rune_add_f32, +)
RUNE_BINARY_F32_DEFINE(rune_sub_f32, -)
RUNE_BINARY_F32_DEFINE(rune_mul_f32, *)

#undef RUNE_BINARY_F32_DEFINE

/* Integers wrap around before the activation. */
#define RUNE_BINARY_INTEGER_DEFINE(NAME, TYPE, UNSIGNED, OPERATION)                                           \
    RUNE_KERNEL void NAME(rune_broadcast shape, rune_activation activation, const TYPE *first,                \
                          const TYPE *second, TYPE *output)                                                   \
    {                                                                                                         \
        RUNE_BINARY_ALL(TYPE, rune_activate_integer((TYPE)((UNSIGNED)a OPERATION(UNSIGNED) b), activation))   \
    }

RUNE_BINARY_INTEGER_DEFINE(rune_add_i32, int32_t, uint32_t, +)
RUNE_BINARY_INTEGER_DEFINE(rune_sub_i32, int32_t, uint32_t, -)
RUNE_BINARY_INTEGER_DEFINE(rune_mul_i32, int32_t, uint32_t, *)
RUNE_BINARY_INTEGER_DEFINE(rune_add_i64, int64_t, uint64_t, +)
RUNE_BINARY_INTEGER_DEFINE(rune_sub_i64, int64_t, uint64_t, -)
RUNE_BINARY_INTEGER_DEFINE(rune_mul_i64, int64_t, uint64_t, *)

#undef RUNE_BINARY_INTEGER_DEFINE

#endif
