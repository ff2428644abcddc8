/* x modulo a number, with the sign of x. As in the reference, every type goes through f32. */
#include "rune_math.h"
#include "rune_proc_block.h"

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const rune_input0 *x = in[0].data;
    rune_output0 *y = out[0].data;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        float remainder = rf_fmodf((float)x[i], rune_arguments.modulus);
        y[i] = RUNE_OUTPUT0_FROM_F32(remainder);
    }
}
