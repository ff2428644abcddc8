/* Whether the elements come after [threshold] in dictionary order. */
#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const float *x = in[0].data;
    uint32_t *class = out[0].data;
    *class = x[0] > rune_arguments.threshold || (x[0] == rune_arguments.threshold && RUNE_INPUT0_COUNT > 1);
}
