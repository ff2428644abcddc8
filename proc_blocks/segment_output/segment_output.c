/* The class of each pixel, and the sorted set of classes. */
#include <string.h>

#include "rune_proc_block.h"

#define CLASSES (RUNE_INPUT0_COUNT / RUNE_OUTPUT0_COUNT)

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    static bool occurs[CLASSES];
    const float *x = in[0].data;
    uint32_t *pixels = out[0].data;
    uint32_t *found = out[1].data;
    memset(occurs, 0, sizeof occurs);
    for (uint32_t i = 0; i < RUNE_OUTPUT0_COUNT; i++) {
        float largest = 0.0f;
        uint32_t best = 0;
        for (uint32_t class = 0; class < CLASSES; class ++, x++) {
            if (*x > largest) {
                largest = *x;
                best = class;
            }
        }
        pixels[i] = best;
        occurs[best] = true;
    }
    uint32_t count = 0;
    for (uint32_t class = 0; class < CLASSES; class ++) {
        if (!occurs[class]) {
            continue;
        }
        if (count == RUNE_OUTPUT1_COUNT) {
            rune_fail("More than %u classes occur, which is the most that was declared", RUNE_OUTPUT1_COUNT);
        }
        found[count++] = class;
    }
    out[1].dimensions[0] = count;
    out[1].count = count;
}
