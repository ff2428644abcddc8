#ifndef RUNE_CRC32_H
#define RUNE_CRC32_H

#include <stdint.h>

/* Returns the CRC-32 of IEEE 802.3 (polynomial 0x04C11DB7 reflected, as in zlib) of bytes that follow others
   whose CRC-32 is `before`; 0 for the first. */
uint32_t rune_crc32(uint32_t before, const uint8_t *data, uint32_t length);

#endif
