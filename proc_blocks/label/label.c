/* Each index replaced by the label of that number. */
#include "rune_proc_block.h"

static uint32_t index_of(rune_input0 value) {
#if RUNE_INPUT0_IS_FLOAT
    if (!(value >= 0 && value < 4294967296.0f) || (rune_input0)(uint32_t)value != value) {
        rune_fail("UNSUPPORTED: Can't be converted to usize. A label's index is a whole number that is not negative");
    }
    return (uint32_t)value;
#else
#if RUNE_INPUT0_IS_SIGNED
    if (value < 0) {
        rune_fail("UNSUPPORTED: Can't be converted to usize. A label's index is a whole number that is not negative");
    }
#endif
    uint64_t wide = (uint64_t)value;
    return wide > UINT32_MAX ? UINT32_MAX : (uint32_t)wide;
#endif
}

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const rune_input0 *x = in[0].data;
    rune_string *labels = out[0].data;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        uint32_t index = index_of(x[i]);
        if (index >= rune_arguments.wordlist_count) {
            rune_fail("Index out of bounds: there are %u labels but label %u was requested",
                      rune_arguments.wordlist_count, index);
        }
        labels[i] = rune_arguments.wordlist[index];
    }
}
