#ifndef RUNE_JSON_H
#define RUNE_JSON_H

/* Writes JSON without spaces, a small buffer at a time: a line may be longer than the device's memory. */

#include <stdbool.h>
#include <stdint.h>

#ifndef RUNE_LINE_BUFFER
#define RUNE_LINE_BUFFER 128 /* bytes of RAM; each full buffer is one call of the board's serial_write */
#endif

typedef struct rune_json {
    void (*write)(const uint8_t *data, uint32_t length);
    uint32_t used;
    bool comma; /* whether the next value or key has one before it */
    uint8_t buffer[RUNE_LINE_BUFFER];
} rune_json;

void rune_json_start(rune_json *json, void (*write)(const uint8_t *data, uint32_t length));

/* Ends the line with `\n` and hands all of it over. */
void rune_json_end_line(rune_json *json);

/* `{` or `[`, and `}` or `]`. */
void rune_json_open(rune_json *json, char bracket);
void rune_json_close(rune_json *json, char bracket);

/* The name of an object's next member: ASCII without anything to escape. */
void rune_json_key(rune_json *json, const char *name);

/* A text that ends with a 0, and one with a length. Bytes that are no UTF-8 become U+FFFD. */
void rune_json_text(rune_json *json, const char *text);
void rune_json_string(rune_json *json, const uint8_t *text, uint32_t length);

void rune_json_unsigned(rune_json *json, uint64_t value);
void rune_json_signed(rune_json *json, int64_t value);
/* The f32 with these bits; null where it is not a number or infinite. */
void rune_json_f32(rune_json *json, uint32_t bits);
/* A value that is text already (a number, `null`). */
void rune_json_literal(rune_json *json, const char *text, uint32_t length);
void rune_json_null(rune_json *json);

/* Bytes as they are, outside every value. */
void rune_json_raw(rune_json *json, const void *bytes, uint32_t length);

#endif
