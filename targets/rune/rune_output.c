/* Tensors in the TENSOR output form (docs/rune-format.md). */
#include <string.h>

#include "rune_abi.h"

static const char *const element_names[] = {"u8",  "i8",  "u16", "i16", "u32", "i32",
                                            "u64", "i64", "f32", "f64", "utf8"};
static const uint8_t element_sizes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};

typedef struct writer {
    const char *stage;
    uint8_t *buffer;
    uint32_t position;
    uint32_t capacity;
} writer;

static void put(writer *to, const void *data, uint32_t length) {
    if (length > to->capacity - to->position) {
        rune_fail_at(to->stage, "The output is longer than the %u bytes planned for it", to->capacity);
    }
    memcpy(to->buffer + to->position, data, length);
    to->position += length;
}

static void put_u32(writer *to, uint32_t value) {
    put(to, &value, sizeof value);
}

static void put_number(writer *to, uint32_t value) {
    char digits[10];
    uint32_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    put(to, digits + first, sizeof digits - first);
}

uint32_t rune_append_tensor(const char *stage, uint8_t *buffer, uint32_t position, uint32_t capacity,
                            const rune_tensor *tensor) {
    writer to = {stage, buffer, position, capacity};
    put_u32(&to, 0); /* the length of the type's text, known after it is written */
    const char *name = element_names[tensor->element_type];
    put(&to, name, (uint32_t)__builtin_strlen(name));
    for (uint32_t i = 0; i < tensor->rank; i++) {
        put(&to, i == 0 ? "[" : ", ", i == 0 ? 1 : 2);
        put_number(&to, tensor->dimensions[i]);
    }
    if (tensor->rank > 0) {
        put(&to, "]", 1);
    }
    uint32_t text_length = to.position - position - 4;
    memcpy(buffer + position, &text_length, 4);
    if (tensor->element_type != RUNE_TYPE_UTF8) {
        put(&to, tensor->data, tensor->count * element_sizes[tensor->element_type]);
        return to.position;
    }
    const rune_string *strings = tensor->data;
    for (uint32_t i = 0; i < tensor->count; i++) {
        put_u32(&to, strings[i].length);
        put(&to, strings[i].data, strings[i].length);
    }
    return to.position;
}
