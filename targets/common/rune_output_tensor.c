#include "rune_output_tensor.h"

#include <string.h>

#include "rune_bytes.h"
#include "rune_decimal.h"
#include "rune_failure.h"
#include "rune_tensor_type.h"

typedef struct tensor {
    rune_tensor_type type;
    const uint8_t *elements;
    uint32_t length; /* bytes of the elements */
} tensor;

/* Finds the end of `count` utf8 elements; UINT32_MAX when they go beyond the data. */
static uint32_t strings_length(const uint8_t *data, uint32_t length, uint32_t count) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (length - at < 4) {
            return UINT32_MAX;
        }
        uint32_t size = rune_read_u32(data + at);
        at += 4;
        if (length - at < size) {
            return UINT32_MAX;
        }
        at += size;
    }
    return at;
}

/* Reads the tensor at the beginning of the data; returns the bytes that it takes, 0 where there is none. */
static uint32_t read_tensor(const uint8_t *data, uint32_t length, tensor *read) {
    if (length < 4) {
        return 0;
    }
    uint32_t text = rune_read_u32(data);
    if (text > length - 4 || !rune_tensor_type_read(data + 4, text, &read->type)) {
        return 0;
    }
    uint32_t begin = 4 + text;
    uint32_t rest = length - begin;
    read->elements = data + begin;
    if (read->type.element_type == RUNE_TYPE_UTF8) {
        read->length = strings_length(read->elements, rest, read->type.count);
        return read->length == UINT32_MAX ? 0 : begin + read->length;
    }
    uint64_t size = (uint64_t)read->type.count * rune_element_size(read->type.element_type);
    read->length = (uint32_t)size;
    return size > rest ? 0 : begin + (uint32_t)size;
}

rune_status rune_output_tensor_check(const uint8_t *data, uint32_t length, rune_print_f64 print_f64,
                                     uint32_t *tensors) {
    *tensors = 0;
    uint32_t at = 0;
    do {
        tensor read;
        uint32_t taken = read_tensor(data + at, length - at, &read);
        if (taken == 0) {
            return rune_failure_set(RUNE_ERROR_BAD_OUTPUT,
                                    "The tensor at byte %u of an output of %u bytes is malformed", at, length);
        }
        if (read.type.element_type == RUNE_TYPE_F64 && print_f64 == NULL) {
            return rune_failure_set(RUNE_ERROR_BAD_OUTPUT, "This firmware was built without f64 output");
        }
        at += taken;
        ++*tensors;
    } while (at < length);
    return RUNE_OK;
}

static void print_f64_element(rune_json *json, uint64_t bits, rune_print_f64 print_f64) {
    char text[RUNE_DECIMAL_TEXT];
    uint32_t length = print_f64(bits, text);
    if (length == 0) {
        rune_json_null(json);
    } else {
        rune_json_literal(json, text, length);
    }
}

static void print_number(rune_json *json, rune_element_type type, const uint8_t *from,
                         rune_print_f64 print_f64) {
    switch (type) {
    case RUNE_TYPE_U8:
        rune_json_unsigned(json, from[0]);
        break;
    case RUNE_TYPE_I8:
        rune_json_signed(json, (int8_t)from[0]);
        break;
    case RUNE_TYPE_U16:
        rune_json_unsigned(json, rune_read_u16(from));
        break;
    case RUNE_TYPE_I16:
        rune_json_signed(json, (int16_t)rune_read_u16(from));
        break;
    case RUNE_TYPE_U32:
        rune_json_unsigned(json, rune_read_u32(from));
        break;
    case RUNE_TYPE_I32:
        rune_json_signed(json, (int32_t)rune_read_u32(from));
        break;
    case RUNE_TYPE_U64:
        rune_json_unsigned(json, rune_read_u64(from));
        break;
    case RUNE_TYPE_I64:
        rune_json_signed(json, (int64_t)rune_read_u64(from));
        break;
    case RUNE_TYPE_F32:
        rune_json_f32(json, rune_read_u32(from));
        break;
    case RUNE_TYPE_F64:
        print_f64_element(json, rune_read_u64(from), print_f64);
        break;
    case RUNE_TYPE_UTF8:
        break;
    }
}

static void print_elements(rune_json *json, const tensor *read, rune_print_f64 print_f64) {
    const uint8_t *at = read->elements;
    rune_element_type type = read->type.element_type;
    for (uint32_t i = 0; i < read->type.count; i++) {
        if (type == RUNE_TYPE_UTF8) {
            uint32_t size = rune_read_u32(at);
            rune_json_string(json, at + 4, size);
            at += 4 + size;
        } else {
            print_number(json, type, at, print_f64);
            at += rune_element_size(type);
        }
    }
}

void rune_output_tensor_print(rune_json *json, uint32_t channel, const uint8_t *data, uint32_t length,
                              rune_print_f64 print_f64, uint32_t tensors) {
    if (tensors > 1) {
        rune_json_open(json, '[');
    }
    for (uint32_t at = 0; at < length;) {
        tensor read;
        at += read_tensor(data + at, length - at, &read);
        rune_json_open(json, '{');
        rune_json_key(json, "channel");
        rune_json_unsigned(json, channel);
        rune_json_key(json, "dimensions");
        rune_json_open(json, '[');
        for (uint32_t i = 0; i < read.type.rank; i++) {
            rune_json_unsigned(json, read.type.dimensions[i]);
        }
        rune_json_close(json, ']');
        rune_json_key(json, "elements");
        rune_json_open(json, '[');
        print_elements(json, &read, print_f64);
        rune_json_close(json, ']');
        rune_json_key(json, "type_name");
        rune_json_text(json, rune_element_name(read.type.element_type));
        rune_json_close(json, '}');
    }
    if (tensors > 1) {
        rune_json_close(json, ']');
    }
}
