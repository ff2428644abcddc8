#include "rune_random.h"

static uint64_t splitmix64(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

void rune_random_seed(rune_random *random, uint64_t seed) {
    for (int i = 0; i < 4; i += 2) {
        uint64_t z = splitmix64(&seed);
        random->s[i] = (uint32_t)z;
        random->s[i + 1] = (uint32_t)(z >> 32);
    }
}

static uint32_t rotate(uint32_t value, int count) {
    return value << count | value >> (32 - count);
}

static uint32_t next(uint32_t *s) {
    uint32_t result = rotate(s[0] + s[3], 7) + s[0];
    uint32_t t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11);
    return result;
}

void rune_random_fill(rune_random *random, uint8_t *buffer, uint32_t length) {
    for (uint32_t i = 0; i < length; i += 4) {
        uint32_t word = next(random->s);
        for (uint32_t j = i; j < length && j < i + 4; j++) {
            buffer[j] = (uint8_t)word;
            word >>= 8;
        }
    }
}
