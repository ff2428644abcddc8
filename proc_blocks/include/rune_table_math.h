#ifndef RUNE_TABLE_MATH_H
#define RUNE_TABLE_MATH_H

/* Double-precision functions for tables.c, from + - * / alone: the same bits on every computer, right to about
   1e-15. Series after an exact reduction of the argument; speed does not matter here. */

#include <stdint.h>

static const double rune_pi = 3.14159265358979323846;
static const double rune_ln_2 = 0.693147180559945309417;

/* The sine of a quarter turn at most, by its series. */
static inline double rune_table_sine_series(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 14; n++) {
        term = -term * x * x / ((2.0 * n) * (2.0 * n + 1.0));
        sum += term;
    }
    return sum;
}

/* sin(2 pi numerator / denominator). */
static inline double rune_table_sine(uint64_t numerator, uint64_t denominator) {
    uint64_t part = numerator % denominator;
    double sign = 1.0;
    if (2 * part > denominator) {
        part = denominator - part; /* sin(2 pi - x) = -sin(x) */
        sign = -1.0;
    }
    if (4 * part > denominator) {
        /* sin(pi - x) = sin(x) */
        return sign * rune_table_sine_series(rune_pi * (double)(denominator - 2 * part) / (double)denominator);
    }
    return sign * rune_table_sine_series(2.0 * rune_pi * (double)part / (double)denominator);
}

/* cos(2 pi numerator / denominator) = sin(2 pi (4 numerator + denominator) / (4 denominator)). */
static inline double rune_table_cosine(uint64_t numerator, uint64_t denominator) {
    return rune_table_sine(4 * (numerator % denominator) + denominator, 4 * denominator);
}

/* The natural logarithm of a positive normal number. */
static inline double rune_table_log(double x) {
    int exponent = 0;
    while (x > 1.5) {
        x /= 2.0;
        exponent++;
    }
    while (x < 0.75) {
        x *= 2.0;
        exponent--;
    }
    /* log x = 2 artanh((x - 1) / (x + 1)) */
    double ratio = (x - 1.0) / (x + 1.0);
    double power = ratio;
    double sum = 0.0;
    for (int n = 1; n < 60; n += 2) {
        sum += power / n;
        power *= ratio * ratio;
    }
    return exponent * rune_ln_2 + 2.0 * sum;
}

/* e to the power of x, for |x| below 700. */
static inline double rune_table_exp(double x) {
    int halvings = (int)(x / rune_ln_2);
    double rest = x - halvings * rune_ln_2;
    double term = 1.0;
    double sum = 1.0;
    for (int n = 1; n < 25; n++) {
        term *= rest / n;
        sum += term;
    }
    for (; halvings > 0; halvings--) {
        sum *= 2.0;
    }
    for (; halvings < 0; halvings++) {
        sum /= 2.0;
    }
    return sum;
}

/* A positive base to any power. */
static inline double rune_table_power(double base, double exponent) {
    return rune_table_exp(exponent * rune_table_log(base));
}

#endif
