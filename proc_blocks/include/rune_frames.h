#ifndef RUNE_FRAMES_H
#define RUNE_FRAMES_H

/* Which stretches of a recording the two forms of fft look at: 49 frames of `bins` samples. */

#include <stdint.h>

#define RUNE_FRAME_COUNT 49u

/* How many samples lie between the starts of neighbouring stretches. */
static inline uint32_t rune_frame_step(uint32_t bins, float overlap) {
    uint32_t step = (uint32_t)((float)bins * (1.0f - overlap));
    return step > 0 ? step : 1;
}

/* How many stretches there are, with zeros at the end so that the last one is whole. */
static inline uint32_t rune_stretch_count(uint32_t samples, uint32_t bins, uint32_t step) {
    uint32_t steps = samples > bins ? (samples - bins + step - 1) / step : 0;
    /* The reference leaves out the last one where stretches do not overlap. */
    return steps + 1 - (step == bins);
}

#endif
