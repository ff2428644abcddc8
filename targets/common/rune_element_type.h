#ifndef RUNE_ELEMENT_TYPE_H
#define RUNE_ELEMENT_TYPE_H

/* Element types by the number that the rune's formats use, for runes and the runtime alike. */

typedef enum rune_element_type {
    RUNE_TYPE_U8 = 0,
    RUNE_TYPE_I8 = 1,
    RUNE_TYPE_U16 = 2,
    RUNE_TYPE_I16 = 3,
    RUNE_TYPE_U32 = 4,
    RUNE_TYPE_I32 = 5,
    RUNE_TYPE_U64 = 6,
    RUNE_TYPE_I64 = 7,
    RUNE_TYPE_F32 = 8,
    RUNE_TYPE_F64 = 9,
    RUNE_TYPE_UTF8 = 10
} rune_element_type;

#endif
