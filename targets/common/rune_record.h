#ifndef RUNE_RECORD_H
#define RUNE_RECORD_H

/* Finds text members in the JSON objects that runes log. Tolerant: what it does not understand, it passes over.
 */

#include <stdbool.h>
#include <stdint.h>

/* A string as it stands in the JSON, between its quotes. */
typedef struct rune_record_text {
    const uint8_t *at;
    uint32_t length;
} rune_record_text;

/* Finds the member `name` of the outermost object; false when there is none or it is no string. */
bool rune_record_find(const uint8_t *json, uint32_t length, const char *name, rune_record_text *value);

/* Writes the string without its escapes; what exceeds `capacity` is cut. Returns the length. */
uint32_t rune_record_unescape(rune_record_text text, uint8_t *to, uint32_t capacity);

/* Whether the string is `text`, which has nothing to escape. */
bool rune_record_is(rune_record_text value, const char *text);

#endif
