#include "rune_utf8.h"

uint32_t rune_utf8_next(const uint8_t *text, uint32_t length, bool *valid) {
    uint8_t first = text[0];
    *valid = true;
    if (first < 0x80) {
        return 1;
    }
    *valid = false;
    /* Bounds of the second byte keep out overlong forms, surrogates and what is beyond U+10FFFF. */
    uint32_t count;
    uint8_t smallest = 0x80, largest = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
        count = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        count = 3;
        if (first == 0xE0) {
            smallest = 0xA0;
        } else if (first == 0xED) {
            largest = 0x9F;
        }
    } else if (first >= 0xF0 && first <= 0xF4) {
        count = 4;
        if (first == 0xF0) {
            smallest = 0x90;
        } else if (first == 0xF4) {
            largest = 0x8F;
        }
    } else {
        return 1;
    }
    for (uint32_t i = 1; i < count; i++) {
        if (i == length || text[i] < smallest || text[i] > largest) {
            return i;
        }
        smallest = 0x80;
        largest = 0xBF;
    }
    *valid = true;
    return count;
}

bool rune_utf8_valid(const uint8_t *text, uint32_t length) {
    for (uint32_t i = 0; i < length;) {
        bool valid;
        i += rune_utf8_next(text + i, length - i, &valid);
        if (!valid) {
            return false;
        }
    }
    return true;
}

uint32_t rune_utf8_whole(const uint8_t *text, uint32_t length) {
    for (uint32_t back = 1; back <= 3 && back <= length; back++) {
        uint8_t c = text[length - back];
        if (c >= 0xC0) {
            uint32_t count = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
            return count > back ? length - back : length;
        }
        if (c < 0x80) {
            return length;
        }
    }
    return length;
}
