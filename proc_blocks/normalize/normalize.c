/* (x - minimum) / (maximum - minimum) over the whole tensor; a constant tensor is left as it is. */
#include "rune_proc_block.h"

#if RUNE_INPUT0_IS_FLOAT
typedef rune_input0 difference;
#else
/* Differences of integers are right modulo 2^64, whatever their signs. */
typedef uint64_t difference;
#endif

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const rune_input0 *x = in[0].data;
    rune_output0 *y = out[0].data;
    rune_input0 minimum = x[0];
    rune_input0 maximum = x[0];
    for (uint32_t i = 1; i < RUNE_INPUT0_COUNT; i++) {
        if (x[i] < minimum) {
            minimum = x[i];
        }
        if (x[i] > maximum) {
            maximum = x[i];
        }
    }
    if (minimum == maximum) {
        for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
            y[i] = x[i];
        }
        return;
    }
    difference range = (difference)maximum - (difference)minimum;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        y[i] = (rune_output0)(((difference)x[i] - (difference)minimum) / range);
    }
}
