/* Fixed-point arguments, the table of gains, and a table of logarithms. */
#include "rune_table_math.h"
#include "rune_tables.h"

#define GAINS 125u
#define STEPS 32u

/* 16384 is 1. */
static uint32_t fixed_point(float value) {
    return (uint32_t)(value * 16384.0f);
}

static int32_t gain(uint32_t noise) {
    double x = (double)noise / (double)(2ull << rune_arguments.smoothing_bits) + (double)rune_arguments.offset;
    double value = (double)(1ull << rune_arguments.gain_bits) * rune_table_power(x, -(double)rune_arguments.strength);
    return (int32_t)((value < 32767.0 ? value : 32767.0) + 0.5);
}

/* Parabolas through the gains at x0, 1.5 x0 and 2 x0, for every power of two. */
static void make_gains(void) {
    static int16_t gains[GAINS];
    gains[0] = (int16_t)gain(0);
    gains[1] = (int16_t)gain(1);
    for (uint32_t bits = 2; bits <= 32; bits++) {
        uint32_t x0 = 1u << (bits - 1);
        int32_t y0 = gain(x0);
        int32_t d1 = gain(x0 + x0 / 2) - y0;
        int32_t d2 = gain(bits == 32 ? UINT32_MAX : 2 * x0) - y0;
        int32_t a1 = 4 * d1 - d2;
        gains[4 * bits - 6] = (int16_t)y0;
        gains[4 * bits - 5] = (int16_t)a1;
        gains[4 * bits - 4] = (int16_t)(d2 - a1);
    }
    rune_table_i16("gains", gains, GAINS);
}

/* For n of 0 to 32: 2^31 / (1 + n / 32), and the logarithm to base 2 of 1 + n / 32, where 2^31 is 1. */
static void make_logarithms(void) {
    static uint32_t reciprocals[STEPS + 1];
    static uint32_t logarithms[STEPS + 1];
    for (uint32_t n = 0; n <= STEPS; n++) {
        double x = 1.0 + (double)n / STEPS;
        double rounded;
        reciprocals[n] = (uint32_t)(2147483648.0 / x + 0.5);
        /* The logarithm that belongs to the rounded reciprocal. */
        rounded = 2147483648.0 / (double)reciprocals[n];
        logarithms[n] = n == STEPS ? 1u << 31 : (uint32_t)(2147483648.0 * rune_table_log(rounded) / rune_ln_2 + 0.5);
    }
    rune_table_u32("reciprocals", reciprocals, STEPS + 1);
    rune_table_u32("logarithms", logarithms, STEPS + 1);
}

void rune_make_tables(void) {
    rune_table_constant("even_factor", fixed_point(rune_arguments.even_smoothing));
    rune_table_constant("odd_factor", fixed_point(rune_arguments.odd_smoothing));
    rune_table_constant("least_factor", fixed_point(rune_arguments.min_signal_remaining));
    make_gains();
    make_logarithms();
}
