#include "rune_failure.h"

#include <stdarg.h>
#include <string.h>

#include "rune_decimal.h"
#include "rune_utf8.h"

static rune_failure last;

void rune_failure_clear(void) {
    last.status = RUNE_OK;
    last.stage_length = 0;
    last.message_length = 0;
}

static void append(const void *text, uint32_t length) {
    uint32_t room = RUNE_MAX_MESSAGE - last.message_length;
    uint32_t taken = length > room ? rune_utf8_whole(text, room) : length;
    memcpy(last.message + last.message_length, text, taken);
    last.message_length += taken;
}

rune_status rune_failure_set(rune_status status, const char *format, ...) {
    rune_failure_clear();
    last.status = status;
    va_list values;
    va_start(values, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            append(format, 1);
            continue;
        }
        format++;
        if (*format == 's') {
            const char *text = va_arg(values, const char *);
            append(text, (uint32_t)strlen(text));
        } else if (*format == 'u') {
            char digits[RUNE_DECIMAL_TEXT];
            append(digits, rune_unsigned_print(va_arg(values, uint32_t), digits));
        } else if (*format == 't') {
            const uint8_t *text = va_arg(values, const uint8_t *);
            append(text, va_arg(values, uint32_t));
        }
    }
    va_end(values);
    return status;
}

void rune_failure_set_stage(const uint8_t *name, uint32_t length) {
    last.stage_length = length > RUNE_MAX_STAGE_NAME ? rune_utf8_whole(name, RUNE_MAX_STAGE_NAME) : length;
    memcpy(last.stage, name, last.stage_length);
}

const rune_failure *rune_failure_last(void) {
    return &last;
}
