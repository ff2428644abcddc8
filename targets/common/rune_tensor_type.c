#include "rune_tensor_type.h"

#include <string.h>

#define TYPE_COUNT (RUNE_TYPE_UTF8 + 1)
#define MAX_ELEMENTS 0x7FFFFFFFu

static const char names[TYPE_COUNT][5] = {"u8",  "i8",  "u16", "i16", "u32", "i32",
                                          "u64", "i64", "f32", "f64", "utf8"};
static const uint8_t sizes[TYPE_COUNT] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8};

const char *rune_element_name(rune_element_type type) {
    return names[type];
}

uint32_t rune_element_size(rune_element_type type) {
    return sizes[type];
}

static bool read_element(const uint8_t *text, uint32_t length, rune_element_type *type) {
    for (uint32_t i = 0; i < TYPE_COUNT; i++) {
        if (length == strlen(names[i]) && memcmp(text, names[i], length) == 0) {
            *type = (rune_element_type)i;
            return true;
        }
    }
    return false;
}

/* Reads a decimal number at `*at`; moves `*at` behind it. */
static bool read_number(const uint8_t *text, uint32_t length, uint32_t *at, uint32_t *value) {
    uint64_t number = 0;
    uint32_t begin = *at;
    while (*at < length && text[*at] >= '0' && text[*at] <= '9' && number <= MAX_ELEMENTS) {
        number = number * 10 + (text[(*at)++] - '0');
    }
    *value = (uint32_t)number;
    return *at > begin && number <= MAX_ELEMENTS;
}

bool rune_tensor_type_read(const uint8_t *text, uint32_t length, rune_tensor_type *type) {
    uint32_t at = 0;
    while (at < length && text[at] != '[') {
        at++;
    }
    type->rank = 0;
    type->count = 1;
    if (!read_element(text, at, &type->element_type)) {
        return false;
    }
    if (at == length) {
        return true; /* a scalar */
    }
    uint64_t count = 1;
    do {
        at++; /* the bracket or a comma */
        if (type->rank > 0 && at < length && text[at] == ' ') {
            at++;
        }
        uint32_t dimension;
        if (type->rank == RUNE_MAX_DIMENSIONS || !read_number(text, length, &at, &dimension)) {
            return false;
        }
        type->dimensions[type->rank++] = dimension;
        count *= dimension;
        if (count > MAX_ELEMENTS) {
            return false;
        }
    } while (at < length && text[at] == ',');
    type->count = (uint32_t)count;
    return at + 1 == length && text[at] == ']';
}
