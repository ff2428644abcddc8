/* Passes every input through. */
#include <string.h>

#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    for (uint32_t i = 0; i < RUNE_INPUT_COUNT; i++) {
        memcpy(out[i].data, in[i].data, rune_input_sizes[i]);
    }
}
