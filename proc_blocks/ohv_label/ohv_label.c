/* The label of the last of the largest elements. */
#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const rune_input0 *x = in[0].data;
    rune_string *label = out[0].data;
#if RUNE_INPUT0_IS_SIGNED && !RUNE_INPUT0_IS_FLOAT
    rune_input0 largest = -128;
#else
    rune_input0 largest = 0;
#endif
    rune_input0 nothing = largest;
    uint32_t best = 0;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        if (x[i] >= largest) {
            largest = x[i];
            best = i;
        }
    }
    bool is_known = largest > nothing && best < rune_arguments.labels_count;
    *label = is_known ? rune_arguments.labels[best] : rune_arguments.unknown_label;
}
