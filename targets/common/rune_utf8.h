#ifndef RUNE_UTF8_H
#define RUNE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

/* Returns how many bytes the next character has (`length` > 0). Where the bytes are no character, `*valid` is
   false and the result is the length of what one U+FFFD stands for: the longest beginning of a character, or
   one byte (Unicode 16, section 3.9, "substitution of maximal subparts"). */
uint32_t rune_utf8_next(const uint8_t *text, uint32_t length, bool *valid);

/* Whether all of the text is UTF-8. */
bool rune_utf8_valid(const uint8_t *text, uint32_t length);

/* Returns the largest length up to `length` that does not end in the middle of a character. */
uint32_t rune_utf8_whole(const uint8_t *text, uint32_t length);

#endif
