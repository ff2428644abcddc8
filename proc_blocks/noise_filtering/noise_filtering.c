/* Noise reduction, gain control and logarithm, in integers. */
#include <string.h>

#include "rune_proc_block.h"
#include "rune_stage_tables.h"

#define SMOOTHING rune_arguments.smoothing_bits
/* What is left of the gain's fractional bits: 12 are kept. */
#define SIGNAL_SHIFT (rune_arguments.gain_bits + 1 - 12)

/* The noise of each element, with SMOOTHING fractional bits. */
static uint32_t estimates[RUNE_INPUT0_COUNT];

static inline uint32_t bit_length(uint32_t x) {
    return 32u - (uint32_t)__builtin_clz(x);
}

static inline uint32_t gain_of(uint32_t noise) {
    if (noise <= 2) {
        return (uint32_t)(int32_t)gains[noise];
    }
    uint32_t bits = bit_length(noise);
    const int16_t *entry = gains + 4 * bits - 6;
    int32_t fraction = (int32_t)((bits < 11 ? noise << (11 - bits) : noise >> (bits - 11)) & 0x3ff);
    int32_t result = (entry[2] * fraction) >> 5;
    result += (int32_t)entry[1] * 32;
    result *= fraction;
    result = (result + 16384) >> 15;
    return (uint32_t)(result + entry[0]);
}

/* What remains of an element, given its noise: both passes calculate it, which costs less than memory for it. */
static inline uint32_t remaining(uint32_t x, uint32_t noise) {
    uint32_t raised = x << SMOOTHING;
    uint32_t least = (uint32_t)(((uint64_t)x * least_factor) >> 14);
    uint32_t signal = (raised - (noise < raised ? noise : raised)) >> SMOOTHING;
    if (signal < least) {
        signal = least;
    }
    uint32_t ratio = (uint32_t)(((uint64_t)signal * gain_of(noise)) >> SIGNAL_SHIFT);
    return ratio < 8192 ? (ratio * ratio) >> 20 : (ratio >> 6) - 64;
}

static inline uint32_t new_estimate(uint32_t x, uint32_t old, uint32_t factor) {
    uint32_t raised = x << SMOOTHING;
    return (uint32_t)(((uint64_t)raised * factor + ((uint64_t)old << 14)) >> 14);
}

/* The logarithm to base 2 of value + 1, where 2^26 is 1; right to 2^-26. */
static inline uint32_t logarithm(uint32_t value) {
    uint32_t x = value + 1;
    if (x == 0) {
        return 32u << 26;
    }
    uint32_t zeros = (uint32_t)__builtin_clz(x);
    uint32_t mantissa = x << zeros; /* 2^31 is 1 */
    uint32_t nearest = (mantissa - (1u << 31) + (1u << 25)) >> 26;
    /* mantissa = (1 + rest) / reciprocal, |rest| < 1/63 */
    int32_t rest = (int32_t)((uint32_t)(((uint64_t)mantissa * reciprocals[nearest]) >> 31) - (1u << 31));
    /* ln(1 + rest) = rest - rest^2 / 2 + rest^3 / 3 - rest^4 / 4 + ... */
    int32_t series = 715827883 - (rest >> 2);
    series = 1073741824 - (int32_t)(((int64_t)series * rest) >> 31);
    int64_t natural = (int64_t)rest - (((((int64_t)series * rest) >> 31) * rest) >> 31);
    /* times 1 / ln 2 = 1.4426950408889634, where 2^30 is 1 */
    int32_t binary = (int32_t)((natural * 1549082005) >> 30);
    return ((31 - zeros) << 26) + ((logarithms[nearest] + (uint32_t)binary + 16) >> 5);
}

void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {
    const uint32_t *x = in[0].data;
    int8_t *y = out[0].data;
    uint32_t smallest = UINT32_MAX;
    uint32_t largest = 0;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        uint32_t noise = new_estimate(x[i], estimates[i], i % 2 == 0 ? even_factor : odd_factor);
        estimates[i] = noise;
        uint32_t value = remaining(x[i], noise);
        if (value < smallest) {
            smallest = value;
        }
        if (value > largest) {
            largest = value;
        }
    }
    uint32_t minimum = logarithm(smallest);
    uint32_t range = logarithm(largest) - minimum;
    if (range == 0) {
        memset(y, 0, RUNE_OUTPUT0_COUNT);
        return;
    }
    uint64_t scale = (255ull << 32) / range;
    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) {
        uint32_t distance = logarithm(remaining(x[i], estimates[i])) - minimum;
        /* 255 distance / range, whole and rest: the product is one too small at most. */
        uint32_t whole = (uint32_t)((distance * scale) >> 32);
        uint32_t rest = 255u * distance - whole * range;
        if (rest >= range) {
            rest -= range;
            whole++;
        }
        /* minus 128, cut off towards zero */
        y[i] = (int8_t)((int32_t)whole - 128 + (whole < 128 && rest != 0));
    }
}
