#include "rune_json.h"

#include <string.h>

#include "rune_decimal.h"
#include "rune_float.h"
#include "rune_utf8.h"

static void flush(rune_json *json) {
    if (json->used > 0) {
        json->write(json->buffer, json->used);
        json->used = 0;
    }
}

void rune_json_raw(rune_json *json, const void *bytes, uint32_t length) {
    const uint8_t *from = bytes;
    while (length > 0) {
        uint32_t part = RUNE_LINE_BUFFER - json->used;
        if (part > length) {
            part = length;
        }
        memcpy(json->buffer + json->used, from, part);
        json->used += part;
        from += part;
        length -= part;
        if (json->used == RUNE_LINE_BUFFER) {
            flush(json);
        }
    }
}

static void put(rune_json *json, char c) {
    rune_json_raw(json, &c, 1);
}

static void begin_value(rune_json *json) {
    if (json->comma) {
        put(json, ',');
    }
    json->comma = true;
}

void rune_json_start(rune_json *json, void (*write)(const uint8_t *data, uint32_t length)) {
    json->write = write;
    json->used = 0;
    json->comma = false;
}

void rune_json_end_line(rune_json *json) {
    put(json, '\n');
    flush(json);
    json->comma = false;
}

void rune_json_open(rune_json *json, char bracket) {
    begin_value(json);
    put(json, bracket);
    json->comma = false;
}

void rune_json_close(rune_json *json, char bracket) {
    put(json, bracket);
    json->comma = true;
}

void rune_json_key(rune_json *json, const char *name) {
    begin_value(json);
    put(json, '"');
    rune_json_raw(json, name, (uint32_t)strlen(name));
    rune_json_raw(json, "\":", 2);
    json->comma = false;
}

void rune_json_text(rune_json *json, const char *text) {
    rune_json_string(json, (const uint8_t *)text, (uint32_t)strlen(text));
}

static void put_escaped(rune_json *json, uint8_t c) {
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = "btn\0fr"; /* 8 to 13; 11 has no letter */
    if (c == '"' || c == '\\') {
        char escape[2] = {'\\', (char)c};
        rune_json_raw(json, escape, 2);
    } else if (c >= 8 && c <= 13 && letters[c - 8] != 0) {
        char escape[2] = {'\\', letters[c - 8]};
        rune_json_raw(json, escape, 2);
    } else {
        char escape[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
        rune_json_raw(json, escape, 6);
    }
}

void rune_json_string(rune_json *json, const uint8_t *text, uint32_t length) {
    begin_value(json);
    put(json, '"');
    for (uint32_t i = 0; i < length;) {
        bool valid;
        uint32_t count = rune_utf8_next(text + i, length - i, &valid);
        if (!valid) {
            rune_json_raw(json, "\xEF\xBF\xBD", 3);
        } else if (text[i] < 0x20 || text[i] == '"' || text[i] == '\\') {
            put_escaped(json, text[i]);
        } else {
            rune_json_raw(json, text + i, count);
        }
        i += count;
    }
    put(json, '"');
}

void rune_json_unsigned(rune_json *json, uint64_t value) {
    char text[RUNE_DECIMAL_TEXT];
    rune_json_literal(json, text, rune_unsigned_print(value, text));
}

void rune_json_signed(rune_json *json, int64_t value) {
    char text[RUNE_DECIMAL_TEXT];
    uint32_t length = 0;
    if (value < 0) {
        text[length++] = '-';
    }
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    rune_json_literal(json, text, length + rune_unsigned_print(magnitude, text + length));
}

void rune_json_f32(rune_json *json, uint32_t bits) {
    char text[RUNE_DECIMAL_TEXT];
    uint32_t length = rune_float_print(bits, text);
    if (length == 0) {
        rune_json_null(json);
    } else {
        rune_json_literal(json, text, length);
    }
}

void rune_json_literal(rune_json *json, const char *text, uint32_t length) {
    begin_value(json);
    rune_json_raw(json, text, length);
}

void rune_json_null(rune_json *json) {
    rune_json_literal(json, "null", 4);
}
