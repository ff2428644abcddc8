/* The indices of the largest values, largest first; of equal values the lower index comes first. */
#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const rune_input0 *x = in[0].data;
    uint32_t *best = out[0].data;
    uint32_t found = 0;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
#if RUNE_INPUT0_IS_FLOAT
        if (x[i] != x[i]) {
            rune_fail("Value %u is not a number, so it cannot be compared", i);
        }
#endif
        /* Insertion into the list of the best so far: an equal value stays behind the ones found before it. */
        uint32_t place = found;
        while (place > 0 && x[best[place - 1]] < x[i]) {
            place--;
        }
        if (place == RUNE_OUTPUT0_COUNT) {
            continue;
        }
        if (found < RUNE_OUTPUT0_COUNT) {
            found++;
        }
        for (uint32_t k = found - 1; k > place; k--) {
            best[k] = best[k - 1];
        }
        best[place] = i;
    }
}
