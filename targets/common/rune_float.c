/* Shortest decimals of f32 by integers alone: Raffaello Giulietti, "The Schubfach way to render doubles" (2020),
   for 24-bit significands. All decimals between the halves to a number's neighbours read back to it. Scaled by
   10^-k so that this interval is between one and ten units wide, it holds a whole number, and perhaps a multiple
   of ten, which is shorter. */
#include "rune_float.h"

#define FIRST_POWER (-31)

/* Powers of ten from 10^-31 to 10^45: the 64 leading bits of each, rounded up. */
static const uint64_t powers[] = {
    0x81CEB32C4B43FCF5, 0xA2425FF75E14FC32, 0xCAD2F7F5359A3B3F, 0xFD87B5F28300CA0E,
    0x9E74D1B791E07E49, 0xC612062576589DDB, 0xF79687AED3EEC552, 0x9ABE14CD44753B53,
    0xC16D9A0095928A28, 0xF1C90080BAF72CB2, 0x971DA05074DA7BEF, 0xBCE5086492111AEB,
    0xEC1E4A7DB69561A6, 0x9392EE8E921D5D08, 0xB877AA3236A4B44A, 0xE69594BEC44DE15C,
    0x901D7CF73AB0ACDA, 0xB424DC35095CD810, 0xE12E13424BB40E14, 0x8CBCCC096F5088CC,
    0xAFEBFF0BCB24AAFF, 0xDBE6FECEBDEDD5BF, 0x89705F4136B4A598, 0xABCC77118461CEFD,
    0xD6BF94D5E57A42BD, 0x8637BD05AF6C69B6, 0xA7C5AC471B478424, 0xD1B71758E219652C,
    0x83126E978D4FDF3C, 0xA3D70A3D70A3D70B, 0xCCCCCCCCCCCCCCCD, 0x8000000000000000,
    0xA000000000000000, 0xC800000000000000, 0xFA00000000000000, 0x9C40000000000000,
    0xC350000000000000, 0xF424000000000000, 0x9896800000000000, 0xBEBC200000000000,
    0xEE6B280000000000, 0x9502F90000000000, 0xBA43B74000000000, 0xE8D4A51000000000,
    0x9184E72A00000000, 0xB5E620F480000000, 0xE35FA931A0000000, 0x8E1BC9BF04000000,
    0xB1A2BC2EC5000000, 0xDE0B6B3A76400000, 0x8AC7230489E80000, 0xAD78EBC5AC620000,
    0xD8D726B7177A8000, 0x878678326EAC9000, 0xA968163F0A57B400, 0xD3C21BCECCEDA100,
    0x84595161401484A0, 0xA56FA5B99019A5C8, 0xCECB8F27F4200F3A, 0x813F3978F8940985,
    0xA18F07D736B90BE6, 0xC9F2C9CD04674EDF, 0xFC6F7C4045812297, 0x9DC5ADA82B70B59E,
    0xC5371912364CE306, 0xF684DF56C3E01BC7, 0x9A130B963A6C115D, 0xC097CE7BC90715B4,
    0xF0BDC21ABB48DB21, 0x96769950B50D88F5, 0xBC143FA4E250EB32, 0xEB194F8E1AE525FE,
    0x92EFD1B8D0CF37BF, 0xB7ABC627050305AE, 0xE596B7B0C643C71A, 0x8F7E32CE7BEA5C70,
    0xB35DBF821AE4F38C,};

/* floor(log2(10^k)), floor(log10(2^q)), floor(log10(3/4 × 2^q)): exact for every exponent of an f32. */
static int32_t log2_of_power_of_10(int32_t k) {
    return (k * 1741647) >> 19;
}

static int32_t log10_of_power_of_2(int32_t q) {
    return (q * 1262611) >> 22;
}

static int32_t log10_of_three_quarters(int32_t q) {
    return (q * 1262611 - 524031) >> 22;
}

/* The high part of power × factor, its last bit set when the part that is cut off is not 0: enough to compare. */
static uint32_t round_to_odd(uint64_t power, uint32_t factor) {
    uint64_t low = (power & UINT32_MAX) * factor;
    uint64_t high = (power >> 32) * factor + (low >> 32);
    return (uint32_t)(high >> 32) | ((uint32_t)high > 1);
}

uint32_t rune_float_print(uint32_t bits, char *text) {
    static const rune_decimal_range plain = {-6, 13};
    bool negative = bits >> 31 != 0;
    uint32_t fraction = bits & 0x7FFFFF;
    int32_t biased = (int32_t)(bits >> 23 & 0xFF);
    if (biased == 0xFF) {
        return 0;
    }
    if (biased == 0 && fraction == 0) {
        return rune_decimal_print(negative, 0, 0, plain, text);
    }
    uint32_t c = biased == 0 ? fraction : fraction | 0x800000; /* v = c × 2^q */
    int32_t q = (biased == 0 ? 1 : biased) - 150;
    if (q <= 0 && q > -24 && (c & ((1u << -q) - 1)) == 0) {
        return rune_decimal_print(negative, c >> -q, 0, plain, text); /* a whole number */
    }
    /* The bounds themselves read back to v when c is even. Below a power of two the gap is half as large. */
    uint32_t odd = c & 1;
    uint32_t close_below = fraction == 0 && biased > 1;
    int32_t k = close_below ? log10_of_three_quarters(q) : log10_of_power_of_2(q);
    int32_t shift = q + log2_of_power_of_10(-k) + 1;
    uint64_t power = powers[-k - FIRST_POWER];
    uint32_t lower = round_to_odd(power, (4 * c - 2 + close_below) << shift) + odd;
    uint32_t value = round_to_odd(power, 4 * c << shift);
    uint32_t upper = round_to_odd(power, (4 * c + 2) << shift) - odd;

    uint32_t s = value / 4;
    if (s >= 10) { /* one figure less? */
        uint32_t tens = s / 10;
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
    uint32_t middle = 4 * s + 2;
    bool up = value > middle || (value == middle && (s & 1) != 0);
    return rune_decimal_print(negative, s + up, k, plain, text);
}
