#ifndef RUNE_REAL_FFT_H
#define RUNE_REAL_FFT_H

/* The power spectrum of fft_size real numbers in float32: a complex transform of half the size, radix 4, in place,
   decimation in time. The block's tables come from rune_make_fft_tables (rune_fft_tables.h).

   The caller writes sample 2n to frame[fft_place[n]] and sample 2n + 1 to frame[fft_place[n] + 1], for all n below
   fft_size / 2. Results are four times the power: halves that cancel are left out, as scaling by 2 is exact. */

#include <stdint.h>

#include "rune_stage_tables.h"

#define RUNE_FFT_POINTS (fft_size / 2u)

/* A radix-4 butterfly of a, b, c, d, which lie `stride` floats apart from p; b, c, d come multiplied by their twiddle
   factors. */
static inline void rune_fft_butterfly(float *p, uint32_t stride, float br, float bi, float cr, float ci, float dr,
                                      float di) {
    float ar = p[0];
    float ai = p[1];
    float sum_ac_r = ar + cr;
    float sum_ac_i = ai + ci;
    float difference_ac_r = ar - cr;
    float difference_ac_i = ai - ci;
    float sum_bd_r = br + dr;
    float sum_bd_i = bi + di;
    float difference_bd_r = br - dr;
    float difference_bd_i = bi - di;
    p[0] = sum_ac_r + sum_bd_r;
    p[1] = sum_ac_i + sum_bd_i;
    p[stride] = difference_ac_r + difference_bd_i;
    p[stride + 1] = difference_ac_i - difference_bd_r;
    p[2 * stride] = sum_ac_r - sum_bd_r;
    p[2 * stride + 1] = sum_ac_i - sum_bd_i;
    p[3 * stride] = difference_ac_r - difference_bd_i;
    p[3 * stride + 1] = difference_ac_i + difference_bd_r;
}

static inline void rune_fft_complex(float *frame) {
    float *end = frame + fft_size;
    uint32_t quarter = 1;
    if (fft_has_radix_2) {
        for (float *p = frame; p < end; p += 4) {
            float r = p[2];
            float i = p[3];
            p[2] = p[0] - r;
            p[3] = p[1] - i;
            p[0] += r;
            p[1] += i;
        }
        quarter = 2;
    }
    for (; quarter < RUNE_FFT_POINTS; quarter *= 4) {
        uint32_t stride = 2 * quarter;
        uint32_t group = 4 * stride;
        for (float *p = frame; p < end; p += group) {
            rune_fft_butterfly(p, stride, p[stride], p[stride + 1], p[2 * stride], p[2 * stride + 1], p[3 * stride],
                               p[3 * stride + 1]);
        }
        /* For every other k all groups in turn, so that the twiddle factors stay in registers. */
        uint32_t step = 2 * (RUNE_FFT_POINTS / (4 * quarter));
        for (uint32_t k = 1; k < quarter; k++) {
            const float *w1 = fft_twiddles + k * step;
            const float *w2 = fft_twiddles + 2 * k * step;
            const float *w3 = fft_twiddles + 3 * k * step;
            float c1 = w1[0], s1 = w1[1], c2 = w2[0], s2 = w2[1], c3 = w3[0], s3 = w3[1];
            for (float *p = frame + 2 * k; p < end; p += group) {
                float br = p[stride], bi = p[stride + 1];
                float cr = p[2 * stride], ci = p[2 * stride + 1];
                float dr = p[3 * stride], di = p[3 * stride + 1];
                rune_fft_butterfly(p, stride, br * c1 + bi * s1, bi * c1 - br * s1, cr * c2 + ci * s2,
                                   ci * c2 - cr * s2, dr * c3 + di * s3, di * c3 - dr * s3);
            }
        }
    }
}

/* Transforms the frame; afterwards frame[2k] is four times the power of bin k, for k below fft_size / 2. */
static inline void rune_power_spectrum(float *frame) {
    rune_fft_complex(frame);
    float first = 2.0f * (frame[0] + frame[1]);
    frame[0] = first * first;
    float *low = frame + 2;
    float *high = frame + fft_size - 2;
    for (const float *w = fft_split; low < high; low += 2, high -= 2, w += 2) {
        /* The spectra of the even and of the odd samples, twice: E = z[k] + conj(z[n-k]), O = -i (z[k] - conj(z[n-k])).
           Bin k is E + w O, bin n - k is the conjugate of E - w O. */
        float even_r = low[0] + high[0];
        float even_i = low[1] - high[1];
        float odd_r = low[1] + high[1];
        float odd_i = high[0] - low[0];
        float turned_r = odd_r * w[0] + odd_i * w[1];
        float turned_i = odd_i * w[0] - odd_r * w[1];
        float r = even_r + turned_r;
        float i = even_i + turned_i;
        low[0] = r * r + i * i;
        r = even_r - turned_r;
        i = even_i - turned_i;
        high[0] = r * r + i * i;
    }
    low[0] = 4.0f * (low[0] * low[0] + low[1] * low[1]);
}

#endif
