/* Shortest decimals of f64: the algorithm of rune_float.c for 53-bit significands. Its table of powers of ten
   would be 9.9 KB of flash, so each power is computed, exactly, when it is wanted: a few hundred steps on
   numbers of 35 words. */
#include "rune_double.h"

#define WORDS 36 /* 10^324 and 2^1152 fit */
#define FIVE_TO_13 1220703125u

typedef struct power {
    uint64_t high;
    uint64_t low;
} power;

static uint32_t bit_length(const uint32_t *words, uint32_t count) {
    while (count > 0 && words[count - 1] == 0) {
        count--;
    }
    return count == 0 ? 0 : 32 * count - (uint32_t)__builtin_clz(words[count - 1]);
}

static uint32_t word_from_bit(const uint32_t *words, int32_t bit) {
    uint32_t value = 0;
    for (int32_t i = 31; i >= 0; i--) { /* `bit` may be negative: zeros stand below */
        int32_t at = bit + i;
        value = value << 1 | (at < 0 ? 0 : words[at / 32] >> (at % 32) & 1);
    }
    return value;
}

/* The 128 leading bits of 5^n (which are those of 10^n), rounded up; `negative`: of 5^-n. */
static power power_of_ten(uint32_t n, bool negative) {
    uint32_t words[WORDS] = {0};
    uint32_t rest = 0; /* whether a division left something */
    words[negative ? WORDS - 1 : 0] = 1;
    while (n > 0) {
        uint32_t step = n < 13 ? n : 13;
        uint32_t factor = FIVE_TO_13;
        for (uint32_t i = step; i < 13; i++) {
            factor /= 5;
        }
        n -= step;
        if (negative) {
            uint64_t remainder = 0;
            for (uint32_t i = WORDS; i-- > 0;) {
                remainder = remainder << 32 | words[i];
                words[i] = (uint32_t)(remainder / factor);
                remainder %= factor;
            }
            rest |= (uint32_t)remainder;
        } else {
            uint64_t carry = 0;
            for (uint32_t i = 0; i < WORDS; i++) {
                carry += (uint64_t)words[i] * factor;
                words[i] = (uint32_t)carry;
                carry >>= 32;
            }
        }
    }
    int32_t first = (int32_t)bit_length(words, WORDS) - 128;
    for (int32_t i = 0; i < first; i++) {
        rest |= words[i / 32] >> (i % 32) & 1;
    }
    power result = {
        (uint64_t)word_from_bit(words, first + 96) << 32 | word_from_bit(words, first + 64),
        (uint64_t)word_from_bit(words, first + 32) << 32 | word_from_bit(words, first),
    };
    if (rest != 0 && ++result.low == 0) {
        result.high++;
    }
    return result;
}

static uint64_t multiply(uint64_t a, uint64_t b, uint64_t *low) {
    uint64_t a0 = a & UINT32_MAX, a1 = a >> 32, b0 = b & UINT32_MAX, b1 = b >> 32;
    uint64_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0;
    uint64_t middle = (p00 >> 32) + (p01 & UINT32_MAX) + (p10 & UINT32_MAX);
    *low = middle << 32 | (p00 & UINT32_MAX);
    return a1 * b1 + (p01 >> 32) + (p10 >> 32) + (middle >> 32);
}

static uint64_t round_to_odd(power g, uint64_t factor) {
    uint64_t x_low, y_low;
    uint64_t x_high = multiply(g.low, factor, &x_low);
    uint64_t y_high = multiply(g.high, factor, &y_low);
    uint64_t middle = y_low + x_high;
    y_high += middle < y_low;
    return y_high | (middle > 1);
}

/* floor(log2(10^k)) and so on, as in rune_float.c, exact for every exponent of an f64. */
static int32_t log2_of_power_of_10(int32_t k) {
    return (k * 1741647) >> 19;
}

static int32_t log10_of_power_of_2(int32_t q, bool three_quarters) {
    return (q * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}

uint32_t rune_double_print(uint64_t bits, char *text) {
    static const rune_decimal_range plain = {-5, 16};
    bool negative = bits >> 63 != 0;
    uint64_t fraction = bits & 0xFFFFFFFFFFFFF;
    int32_t biased = (int32_t)(bits >> 52 & 0x7FF);
    if (biased == 0x7FF) {
        return 0;
    }
    if (biased == 0 && fraction == 0) {
        return rune_decimal_print(negative, 0, 0, plain, text);
    }
    uint64_t c = biased == 0 ? fraction : fraction | 0x10000000000000;
    int32_t q = (biased == 0 ? 1 : biased) - 1075;
    if (q <= 0 && q > -53 && (c & (((uint64_t)1 << -q) - 1)) == 0) {
        return rune_decimal_print(negative, c >> -q, 0, plain, text);
    }
    uint64_t odd = c & 1;
    bool close_below = fraction == 0 && biased > 1;
    int32_t k = log10_of_power_of_2(q, close_below);
    int32_t shift = q + log2_of_power_of_10(-k) + 1;
    power g = power_of_ten((uint32_t)(k < 0 ? -k : k), k > 0);
    uint64_t lower = round_to_odd(g, (4 * c - 2 + close_below) << shift) + odd;
    uint64_t value = round_to_odd(g, 4 * c << shift);
    uint64_t upper = round_to_odd(g, (4 * c + 2) << shift) - odd;

    uint64_t s = value / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool below_inside = lower <= 40 * tens;
        bool above_inside = 40 * tens + 40 <= upper;
        if (below_inside != above_inside) {
            return rune_decimal_print(negative, tens + above_inside, k + 1, plain, text);
        }
    }
    bool below_inside = lower <= 4 * s;
    bool above_inside = 4 * s + 4 <= upper;
    if (below_inside != above_inside) {
        return rune_decimal_print(negative, s + above_inside, k, plain, text);
    }
    uint64_t middle = 4 * s + 2;
    bool up = value > middle || (value == middle && (s & 1) != 0);
    return rune_decimal_print(negative, s + up, k, plain, text);
}
