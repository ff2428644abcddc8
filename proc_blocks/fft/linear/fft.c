/* The logarithmic power of 40 frequencies in 49 frames. */
#include "rune_frames.h"
#include "rune_math.h"
#include "rune_proc_block.h"
#include "rune_real_fft.h"

#define ROWS 40u
#define BINS rune_arguments.bins

_Static_assert(RUNE_OUTPUT0_COUNT == RUNE_FRAME_COUNT * ROWS, "40 frequencies of 49 frames");

static float frame[fft_size];
static float powers[RUNE_FRAME_COUNT * ROWS];

static void load_frame(const int16_t *samples, uint32_t start) {
    for (uint32_t n = 0; n < RUNE_FFT_POINTS; n++) {
        float *z = frame + fft_place[n];
        for (uint32_t k = 0; k < 2; k++) {
            uint32_t i = 2 * n + k;
            /* Halved, as the spectrum comes four times as strong. */
            z[k] = i < BINS && start + i < RUNE_INPUT0_COUNT ? 0.5f * (float)samples[start + i] : 0.0f;
        }
    }
}

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    uint8_t *bytes = out[0].data;
    float ratio = (float)stretch_count / (float)RUNE_FRAME_COUNT;
    float position = 0.0f;
    for (uint32_t column = 0; column < RUNE_FRAME_COUNT; column++) {
        bool is_there = position < (float)stretch_count;
        if (is_there) {
            load_frame(in[0].data, (uint32_t)position * frame_step);
            rune_power_spectrum(frame);
        }
        for (uint32_t row = 0; row < ROWS; row++) {
            float power = is_there ? frame[row_places[row]] : 0.0f;
            powers[(ROWS - 1 - row) * RUNE_FRAME_COUNT + column] = power;
        }
        position += ratio;
    }
    /* The logarithm grows with the power, and its factor goes into the scaling. */
    float minimum = powers[0];
    float maximum = powers[0];
    for (uint32_t i = 1; i < RUNE_OUTPUT0_COUNT; i++) {
        if (powers[i] < minimum) {
            minimum = powers[i];
        }
        if (powers[i] > maximum) {
            maximum = powers[i];
        }
    }
    minimum = rf_logf(minimum + 1.0f);
    float range = rf_logf(maximum + 1.0f) - minimum;
    for (uint32_t i = 0; i < RUNE_OUTPUT0_COUNT; i++) {
        bytes[i] = range > 0.0f ? (uint8_t)(255.0f * ((rf_logf(powers[i] + 1.0f) - minimum) / range)) : 0;
    }
}
