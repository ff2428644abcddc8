#include "rune_record.h"

#include <string.h>

#include "rune_utf8.h"

/* Returns the place after the closing quote of the string that begins at `at` (after its opening quote). */
static uint32_t end_of_string(const uint8_t *json, uint32_t length, uint32_t at) {
    while (at < length && json[at] != '"') {
        at += json[at] == '\\' ? 2 : 1;
    }
    return at < length ? at + 1 : length;
}

static uint32_t skip_spaces(const uint8_t *json, uint32_t length, uint32_t at) {
    while (at < length && (json[at] == ' ' || json[at] == '\t' || json[at] == '\r' || json[at] == '\n')) {
        at++;
    }
    return at;
}

bool rune_record_find(const uint8_t *json, uint32_t length, const char *name, rune_record_text *value) {
    uint32_t depth = 0;
    for (uint32_t at = 0; at < length;) {
        uint8_t c = json[at++];
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
        } else if (c == '"') {
            uint32_t begin = at;
            at = end_of_string(json, length, at);
            uint32_t colon = skip_spaces(json, length, at);
            if (depth != 1 || colon >= length || json[colon] != ':') {
                continue; /* a value, or a member of something inside */
            }
            rune_record_text key = {json + begin, at - begin - 1};
            at = skip_spaces(json, length, colon + 1);
            if (!rune_record_is(key, name)) {
                if (at < length && json[at] == '"') {
                    at = end_of_string(json, length, at + 1);
                }
                continue;
            }
            if (at >= length || json[at] != '"') {
                return false;
            }
            value->at = json + at + 1;
            uint32_t end = end_of_string(json, length, at + 1);
            value->length = end - at - 1;
            if (value->length > 0 && json[end - 1] == '"') {
                value->length--; /* not so when the text ends before the string does */
            }
            return true;
        }
    }
    return false;
}

bool rune_record_is(rune_record_text value, const char *text) {
    return value.length == strlen(text) && memcmp(value.at, text, value.length) == 0;
}

static int32_t hexadecimal(rune_record_text text, uint32_t at) {
    if (text.length < 4 || at > text.length - 4) {
        return -1;
    }
    int32_t value = 0;
    for (uint32_t i = 0; i < 4; i++) {
        uint8_t c = text.at[at + i];
        uint8_t letter = c | 0x20;
        if (c >= '0' && c <= '9') {
            value = value * 16 + (c - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            value = value * 16 + (letter - 'a' + 10);
        } else {
            return -1;
        }
    }
    return value;
}

static uint32_t encode(uint32_t point, uint8_t *to) {
    if (point < 0x80) {
        to[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (uint8_t)(0xC0 | point >> 6);
        to[1] = (uint8_t)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (uint8_t)(0xE0 | point >> 12);
        to[1] = (uint8_t)(0x80 | (point >> 6 & 0x3F));
        to[2] = (uint8_t)(0x80 | (point & 0x3F));
        return 3;
    }
    to[0] = (uint8_t)(0xF0 | point >> 18);
    to[1] = (uint8_t)(0x80 | (point >> 12 & 0x3F));
    to[2] = (uint8_t)(0x80 | (point >> 6 & 0x3F));
    to[3] = (uint8_t)(0x80 | (point & 0x3F));
    return 4;
}

/* Decodes `\uXXXX` (or two of them that are one character) whose `u` is at `*at`; moves `*at` behind it. */
static uint32_t unicode_escape(rune_record_text text, uint32_t *at) {
    int32_t first = hexadecimal(text, *at + 1);
    if (first < 0) {
        *at += 1;
        return 0xFFFD;
    }
    *at += 5;
    if (first < 0xD800 || first > 0xDFFF) {
        return (uint32_t)first;
    }
    bool pair = first < 0xDC00 && *at + 1 < text.length && text.at[*at] == '\\' && text.at[*at + 1] == 'u';
    int32_t second = pair ? hexadecimal(text, *at + 2) : -1;
    if (second < 0xDC00 || second > 0xDFFF) {
        return 0xFFFD;
    }
    *at += 6;
    return 0x10000 + ((uint32_t)(first - 0xD800) << 10) + (uint32_t)(second - 0xDC00);
}

/* Returns what `\c` stands for. */
static uint8_t letter_escape(uint8_t c) {
    switch (c) {
    case 'b':
        return '\b';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'f':
        return '\f';
    case 'r':
        return '\r';
    default:
        return c;
    }
}

uint32_t rune_record_unescape(rune_record_text text, uint8_t *to, uint32_t capacity) {
    uint32_t written = 0;
    for (uint32_t at = 0; at < text.length;) {
        uint8_t character[4] = {text.at[at]};
        uint32_t count = 1;
        if (text.at[at] != '\\' || at + 1 == text.length) {
            at++;
        } else {
            uint8_t c = text.at[++at];
            if (c == 'u') {
                count = encode(unicode_escape(text, &at), character);
            } else {
                character[0] = letter_escape(c);
                at++;
            }
        }
        if (count > capacity - written) {
            return rune_utf8_whole(to, written);
        }
        memcpy(to + written, character, count);
        written += count;
    }
    return written;
}
