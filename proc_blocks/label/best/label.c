/* The largest scores and their labels; of equal scores the lower index comes first. */
#include "rune_proc_block.h"

#if RUNE_OUTPUT0_COUNT > RUNE_OUTPUT1_COUNT
#define KEPT RUNE_OUTPUT0_COUNT
#else
#define KEPT RUNE_OUTPUT1_COUNT
#endif

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const rune_input0 *x = in[0].data;
    rune_output0 *scores = out[0].data;
    rune_string *labels = out[1].data;
    uint32_t best[KEPT];
    uint32_t found = 0;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
#if RUNE_INPUT0_IS_FLOAT
        if (x[i] != x[i]) {
            rune_fail("Value %u is not a number, so it cannot be compared", i);
        }
#endif
        uint32_t place = found;
        while (place > 0 && x[best[place - 1]] < x[i]) {
            place--;
        }
        if (place == KEPT) {
            continue;
        }
        if (found < KEPT) {
            found++;
        }
        for (uint32_t k = found - 1; k > place; k--) {
            best[k] = best[k - 1];
        }
        best[place] = i;
    }
    for (uint32_t k = 0; k < RUNE_OUTPUT0_COUNT; k++) {
        scores[k] = x[best[k]];
    }
    for (uint32_t k = 0; k < RUNE_OUTPUT1_COUNT; k++) {
        if (best[k] >= rune_arguments.wordlist_count) {
            rune_fail("Index out of bounds: there are %u labels but label %u was requested",
                      rune_arguments.wordlist_count, best[k]);
        }
        labels[k] = rune_arguments.wordlist[best[k]];
    }
}
