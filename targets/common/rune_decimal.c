#include "rune_decimal.h"

#include <string.h>

/* Divides by ten and returns the remainder. By hand, 16 bits at a time: on a 32-bit core a 64-bit division is a call of
   700 bytes of the compiler's library. */
static uint32_t divide_by_ten(uint64_t *value) {
    uint64_t quotient = 0;
    uint32_t remainder = 0;
    for (int shift = 48; shift >= 0; shift -= 16) {
        uint32_t part = remainder << 16 | ((uint32_t)(*value >> shift) & 0xFFFFu);
        quotient = quotient << 16 | part / 10;
        remainder = part % 10;
    }
    *value = quotient;
    return remainder;
}

uint32_t rune_unsigned_print(uint64_t value, char *text) {
    char reversed[20];
    uint32_t count = 0;
    while (value > UINT32_MAX) {
        reversed[count++] = (char)('0' + divide_by_ten(&value));
    }
    uint32_t rest = (uint32_t)value;
    do {
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    for (uint32_t i = 0; i < count; i++) {
        text[i] = reversed[count - 1 - i];
    }
    return count;
}

static uint32_t put_zeros(char *text, uint32_t count) {
    memset(text, '0', count);
    return count;
}

uint32_t rune_decimal_print(bool negative, uint64_t digits, int32_t exponent, rune_decimal_range plain,
                            char *text) {
    char figures[20];
    uint32_t count = rune_unsigned_print(digits, figures);
    while (count > 1 && figures[count - 1] == '0') {
        count--;
        exponent++;
    }
    uint32_t length = 0;
    if (negative) {
        text[length++] = '-';
    }
    int32_t point = (int32_t)count + exponent; /* figures before the decimal point */
    if (point <= plain.smallest || point > plain.largest) {
        text[length++] = figures[0];
        if (count > 1) {
            text[length++] = '.';
            memcpy(text + length, figures + 1, count - 1);
            length += count - 1;
        }
        text[length++] = 'e';
        int32_t power = point - 1;
        if (power < 0) {
            text[length++] = '-';
            power = -power;
        }
        return length + rune_unsigned_print((uint64_t)power, text + length);
    }
    if (exponent >= 0) {
        memcpy(text + length, figures, count);
        length += count;
        length += put_zeros(text + length, (uint32_t)exponent);
        text[length++] = '.';
        text[length++] = '0';
    } else if (point > 0) {
        memcpy(text + length, figures, (uint32_t)point);
        length += (uint32_t)point;
        text[length++] = '.';
        memcpy(text + length, figures + point, count - (uint32_t)point);
        length += count - (uint32_t)point;
    } else {
        text[length++] = '0';
        text[length++] = '.';
        length += put_zeros(text + length, (uint32_t)-point);
        memcpy(text + length, figures, count);
        length += count;
    }
    return length;
}
