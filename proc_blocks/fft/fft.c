/* Mel energies of 49 frames. Kept in memory: one frame, and the energies, which lie in the output itself. */
#include "rune_frames.h"
#include "rune_math.h"
#include "rune_proc_block.h"
#include "rune_real_fft.h"

#define FILTERS 40u
#define BINS rune_arguments.bins

_Static_assert(RUNE_OUTPUT0_COUNT == RUNE_FRAME_COUNT * FILTERS, "49 frames of 40 energies");

static float frame[fft_size];

static void load_frame(const int16_t *samples, uint32_t start) {
    uint32_t left = start < RUNE_INPUT0_COUNT ? RUNE_INPUT0_COUNT - start : 0;
    uint32_t count = left < BINS ? left : BINS;
    const int16_t *x = samples + start;
    uint32_t pairs = count / 2;
    for (uint32_t n = 0; n < pairs; n++) {
        float *z = frame + fft_place[n];
        z[0] = (float)x[2 * n] * window[2 * n];
        z[1] = (float)x[2 * n + 1] * window[2 * n + 1];
    }
    if (count % 2 != 0) {
        float *z = frame + fft_place[pairs];
        z[0] = (float)x[2 * pairs] * window[2 * pairs];
        z[1] = 0.0f;
        pairs++;
    }
    for (uint32_t n = pairs; n < RUNE_FFT_POINTS; n++) {
        float *z = frame + fft_place[n];
        z[0] = 0.0f;
        z[1] = 0.0f;
    }
}

/* The energies of the frame; each is twice what the formula says, which the scaling cancels exactly. */
static void filter_frame(float *energies) {
    const float *weight = filter_weights;
    for (uint32_t filter = 0; filter < FILTERS; filter++) {
        const float *power = frame + filter_starts[filter];
        float sum = 0.0f;
        for (const float *end = weight + filter_counts[filter]; weight < end; weight++, power += 2) {
            sum += *power * *weight;
        }
        energies[filter] = rf_sqrtf(sum);
    }
}

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    float *energies = out[0].data;
    uint32_t *scaled = out[0].data;
    float ratio = (float)stretch_count / (float)RUNE_FRAME_COUNT;
    float position = 0.0f;
    for (uint32_t i = 0; i < RUNE_FRAME_COUNT; i++) {
        if (position < (float)stretch_count) {
            load_frame(in[0].data, (uint32_t)position * frame_step);
            rune_power_spectrum(frame);
            filter_frame(energies + i * FILTERS);
        } else {
            for (uint32_t k = 0; k < FILTERS; k++) {
                energies[i * FILTERS + k] = 0.0f;
            }
        }
        position += ratio;
    }
    float minimum = energies[0];
    float maximum = energies[0];
    for (uint32_t i = 1; i < RUNE_OUTPUT0_COUNT; i++) {
        float energy = energies[i];
        if (energy < minimum) {
            minimum = energy;
        }
        if (energy > maximum) {
            maximum = energy;
        }
    }
    float range = maximum - minimum;
    for (uint32_t i = 0; i < RUNE_OUTPUT0_COUNT; i++) {
        scaled[i] = range > 0.0f ? (uint32_t)(65536.0f * ((energies[i] - minimum) / range)) : 0;
    }
}
