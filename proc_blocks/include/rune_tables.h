#ifndef RUNE_TABLES_H
#define RUNE_TABLES_H

/* What a block's tables.c is written against.

   tables.c defines rune_make_tables. It is run once per stage, on the computer that builds the rune, with the stage's
   own rune_stage.h; what it passes to the functions below is in rune_stage_tables.h, which NAME.c includes: constants
   as macros, tables as static const arrays. Double precision is cheap here, and rune_table_math.h has functions for it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rune_tensor.h"

#include "rune_stage.h"

enum rune_table_kind {
    RUNE_TABLE_CONSTANT = 0,
    RUNE_TABLE_U8 = 1,
    RUNE_TABLE_I8 = 2,
    RUNE_TABLE_U16 = 3,
    RUNE_TABLE_I16 = 4,
    RUNE_TABLE_U32 = 5,
    RUNE_TABLE_I32 = 6,
    RUNE_TABLE_F32 = 7
};

void rune_make_tables(void);

__attribute__((import_module("host"), import_name("print"))) void rune_table_word(uint32_t word);

static inline void rune_table_begin(uint32_t kind, const char *name, uint32_t count) {
    uint32_t length = 0;
    while (name[length]) {
        length++;
    }
    rune_table_word(kind);
    rune_table_word(length);
    for (uint32_t i = 0; i < length; i++) {
        rune_table_word((uint8_t)name[i]);
    }
    rune_table_word(count);
}

/* #define NAME VALUEu */
static inline void rune_table_constant(const char *name, uint32_t value) {
    rune_table_begin(RUNE_TABLE_CONSTANT, name, 1);
    rune_table_word(value);
}

#define RUNE_TABLE_FUNCTION(suffix, type, kind)                                                                        \
    static inline void rune_table_##suffix(const char *name, const type *values, uint32_t count) {                     \
        rune_table_begin(kind, name, count);                                                                           \
        for (uint32_t i = 0; i < count; i++) {                                                                         \
            rune_table_word((uint32_t)values[i]);                                                                      \
        }                                                                                                              \
    }

/* static const TYPE NAME[count] */
RUNE_TABLE_FUNCTION(u8, uint8_t, RUNE_TABLE_U8)
RUNE_TABLE_FUNCTION(i8, int8_t, RUNE_TABLE_I8)
RUNE_TABLE_FUNCTION(u16, uint16_t, RUNE_TABLE_U16)
RUNE_TABLE_FUNCTION(i16, int16_t, RUNE_TABLE_I16)
RUNE_TABLE_FUNCTION(u32, uint32_t, RUNE_TABLE_U32)
RUNE_TABLE_FUNCTION(i32, int32_t, RUNE_TABLE_I32)

static inline void rune_table_f32(const char *name, const float *values, uint32_t count) {
    rune_table_begin(RUNE_TABLE_F32, name, count);
    for (uint32_t i = 0; i < count; i++) {
        union {
            float number;
            uint32_t bits;
        } value = {values[i]};
        rune_table_word(value.bits);
    }
}

#endif
