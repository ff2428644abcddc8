#ifndef RUNE_BYTES_H
#define RUNE_BYTES_H

/* Integers in byte order, from and to places of any alignment. */

#include <stdint.h>

static inline uint16_t rune_read_u16(const uint8_t *from) {
    return (uint16_t)(from[0] | (uint32_t)from[1] << 8);
}

static inline uint32_t rune_read_u32(const uint8_t *from) {
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static inline uint64_t rune_read_u64(const uint8_t *from) {
    return rune_read_u32(from) | (uint64_t)rune_read_u32(from + 4) << 32;
}

/* Big-endian: the lengths of `.rune_resource`. */
static inline uint32_t rune_read_u32_big(const uint8_t *from) {
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static inline void rune_write_u32(uint8_t *to, uint32_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    to[2] = (uint8_t)(value >> 16);
    to[3] = (uint8_t)(value >> 24);
}

#endif
