/* A proc block's failure: one ERROR record to the host, then a trap for hosts that go on after it. */
#include <stdarg.h>

#include "rune_abi.h"

#ifndef RUNE_FAIL_MESSAGE
#define RUNE_FAIL_MESSAGE 256 /* bytes of stack; a longer record is cut */
#endif

typedef struct record {
    uint32_t length;
    char text[RUNE_FAIL_MESSAGE];
} record;

/* Room is kept for the closing `"}`. */
static void append(record *to, char c) {
    if (to->length < RUNE_FAIL_MESSAGE - 2) {
        to->text[to->length++] = c;
    }
}

static void append_literal(record *to, const char *text) {
    while (*text != '\0') {
        append(to, *text++);
    }
}

static void append_escaped(record *to, const char *text, uint32_t length) {
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < length; i++) {
        uint8_t c = (uint8_t)text[i];
        if (to->length > RUNE_FAIL_MESSAGE - 8) { /* no half escape or half character at the end */
            return;
        }
        if (c == '"' || c == '\\') {
            append(to, '\\');
            append(to, (char)c);
        } else if (c < 0x20) {
            append_literal(to, "\\u00");
            append(to, digits[c >> 4]);
            append(to, digits[c & 15]);
        } else {
            append(to, (char)c);
        }
    }
}

static uint32_t length_of(const char *text) {
    uint32_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}

static void append_unsigned(record *to, uint32_t value) {
    char digits[10];
    uint32_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0) {
        append(to, digits[--count]);
    }
}

_Noreturn void rune_fail_at(const char *stage, const char *format, ...) {
    record out = {0};
    append_literal(&out, "{\"level\":\"ERROR\",\"target\":\"");
    append_escaped(&out, stage, length_of(stage));
    append_literal(&out, "\",\"message\":\"");
    va_list values;
    va_start(values, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            append_escaped(&out, format, 1);
            continue;
        }
        format++;
        if (*format == 'u') {
            append_unsigned(&out, va_arg(values, uint32_t));
        } else if (*format == 'd') {
            int32_t value = va_arg(values, int32_t);
            if (value < 0) {
                append(&out, '-');
            }
            append_unsigned(&out, value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
        } else if (*format == 's') {
            const rune_string *text = va_arg(values, const rune_string *);
            append_escaped(&out, text->data, text->length);
        } else {
            append(&out, '%');
        }
    }
    va_end(values);
    out.text[out.length++] = '"';
    out.text[out.length++] = '}';
    (void)rune_import_debug(out.text, out.length);
    __builtin_trap();
}
