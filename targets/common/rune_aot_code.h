#ifndef RUNE_AOT_CODE_H
#define RUNE_AOT_CODE_H

/* The instructions of WebAssembly as wasm2c's C names them, for the one file that is the code of a rune
   (rune_code.c). It defines, before it includes this,
     RUNE_AOT_MEMORY_SIZE  exact bytes of linear memory,
     RUNE_AOT_PAGES        what memory.size answers.
   Semantics: WebAssembly Core Specification 2.0, chapter 4. NaNs have any payload (4.3.3). */

#include <stdbool.h>
#include <stdint.h>

#include "rune_aot.h"

/* The generated code declares, labels and keeps more than it uses. */
#pragma GCC diagnostic ignored "-Wunused-label"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wunused-but-set-parameter"
#pragma GCC diagnostic ignored "-Wtype-limits"
#if defined(__clang__)
#pragma GCC diagnostic ignored "-Wconstant-logical-operand"
#pragma GCC diagnostic ignored "-Wtautological-compare"
#pragma GCC diagnostic ignored "-Wself-assign"
#pragma GCC diagnostic ignored "-Wparentheses-equality"
#else
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#if defined(__clang__) || __GNUC__ >= 12
#pragma GCC diagnostic ignored "-Winfinite-recursion"
#endif

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;
typedef double f64;

#define INLINE static inline __attribute__((always_inline))
#define RARE(condition) __builtin_expect((condition), 0)

/* --- memory ----------------------------------------------------------------------------------------------- */

uint8_t rune_aot_memory[RUNE_AOT_MEMORY_SIZE] __attribute__((aligned(16)));

/* Where `width` bytes at address + offset lie. Nothing here can wrap: each subtraction comes after the comparison that
   makes it safe. `offset` and `width` are constants in the code, so all but the last comparison are folded away, and
   that one is with a constant (or the whole is a trap). */
INLINE u8 *place(u8 *memory, u32 address, u32 offset, u32 width) {
    if (width > RUNE_AOT_MEMORY_SIZE || offset > RUNE_AOT_MEMORY_SIZE - width ||
        RARE(address > RUNE_AOT_MEMORY_SIZE - width - offset)) {
        rune_aot_trap(RUNE_AOT_OUT_OF_BOUNDS);
    }
    return memory + address + offset;
}

/* Before several accesses from one address, of which the last byte is `extent` behind it: knowing this, the compiler
   leaves out their own checks (runeflash/firmware/reach.py). */
INLINE void reach(u32 address, u32 extent) {
    if (extent > RUNE_AOT_MEMORY_SIZE || RARE(address > RUNE_AOT_MEMORY_SIZE - extent)) {
        rune_aot_trap(RUNE_AOT_OUT_OF_BOUNDS);
    }
}

/* Copies, not accesses through a cast pointer: addresses need not be aligned. */
#define LOAD(name, stored, widened, result)                         \
    INLINE result name##_at(u8 *memory, u32 address, u32 offset) {                   \
        stored value;                                               \
        const u8 *from = place(memory, address, offset, sizeof value);      \
        __builtin_memcpy(&value, from, sizeof value);               \
        return (result)(widened)value;                              \
    }
#define STORE(name, stored, given)                                  \
    INLINE void name##_at(u8 *memory, u32 address, u32 offset, given wide) {         \
        stored value = (stored)wide;                                \
        u8 *to = place(memory, address, offset, sizeof value);              \
        __builtin_memcpy(to, &value, sizeof value);                 \
    }

LOAD(i32_load, u32, u32, u32)
LOAD(i64_load, u64, u64, u64)
LOAD(f32_load, f32, f32, f32)
LOAD(f64_load, f64, f64, f64)
LOAD(i32_load8_s, s8, s32, u32)
LOAD(i64_load8_s, s8, s64, u64)
LOAD(i32_load8_u, u8, u32, u32)
LOAD(i64_load8_u, u8, u64, u64)
LOAD(i32_load16_s, s16, s32, u32)
LOAD(i64_load16_s, s16, s64, u64)
LOAD(i32_load16_u, u16, u32, u32)
LOAD(i64_load16_u, u16, u64, u64)
LOAD(i64_load32_s, s32, s64, u64)
LOAD(i64_load32_u, u32, u64, u64)
STORE(i32_store, u32, u32)
STORE(i64_store, u64, u64)
STORE(f32_store, f32, f32)
STORE(f64_store, f64, f64)
STORE(i32_store8, u8, u32)
STORE(i32_store16, u16, u32)
STORE(i64_store8, u8, u64)
STORE(i64_store16, u16, u64)
STORE(i64_store32, u32, u64)
#undef LOAD
#undef STORE

/* The memory's address as a value that the compiler keeps, where it would else build it anew for every few accesses. */
INLINE u8 *memory_base(void) {
    u8 *base = rune_aot_memory;
#if defined(__clang__)
    __asm("" : "+r"(base));
#endif
    return __builtin_assume_aligned(base, 16);
}

static u8 *stretch(u32 address, u32 length) {
    if (length > RUNE_AOT_MEMORY_SIZE || address > RUNE_AOT_MEMORY_SIZE - length) {
        rune_aot_trap(RUNE_AOT_OUT_OF_BOUNDS);
    }
    return rune_aot_memory + address;
}

INLINE void memory_fill(u32 to, u32 value, u32 length) {
    u8 *first = stretch(to, length);
    __builtin_memset(first, (int)(value & 0xFF), length);
}

INLINE void memory_copy(u32 to, u32 from, u32 length) {
    u8 *target = stretch(to, length);
    __builtin_memmove(target, stretch(from, length), length);
}

/* --- the budget ------------------------------------------------------------------------------------------- */

static u32 rune_budget;

/* What is left is below 2^31 and never negative here, so that less than the weight is the same as below zero after it
   (runeflash/firmware/budget.py): one subtraction, whose borrow is the trap. It is stored before the trap: what is
   stored in any case stays in a register through a loop. */
INLINE void tick(u32 weight) {
    if (RARE(__builtin_sub_overflow(rune_budget, weight, &rune_budget))) {
        rune_aot_trap(RUNE_AOT_OUT_OF_BUDGET);
    }
}

/* --- calls ------------------------------------------------------------------------------------------------ */

/* At the start of every function that may come to call itself: how deep the others get is known. Where the C stack is,
   is measured rather than the calls counted, as frames grow with the functions that are inlined. */
INLINE void check_stack(void) {
    uintptr_t here;
#if defined(__arm__)
    __asm volatile("mov %0, sp" : "=r"(here));
#else
    here = (uintptr_t)__builtin_frame_address(0);
#endif
    if (RARE(here < rune_aot_stack_end)) {
        rune_aot_trap(RUNE_AOT_STACK_OVERFLOW);
    }
}

#define UNREACHABLE rune_aot_trap(RUNE_AOT_UNREACHABLE)

typedef void (*table_function)(void);
typedef struct table_entry {
    u32 type; /* functions of one signature have one number */
    table_function function;
} table_entry;
#define NO_TYPE 0xFFFFFFFFu /* of an empty entry */

INLINE table_function callee(const table_entry *table, u32 size, u32 type, u32 index) {
    if (RARE(index >= size)) {
        rune_aot_trap(RUNE_AOT_UNDEFINED_ELEMENT);
    }
    if (RARE(table[index].type != type)) {
        rune_aot_trap(table[index].type == NO_TYPE ? RUNE_AOT_NULL_ELEMENT : RUNE_AOT_TYPE_MISMATCH);
    }
    return table[index].function;
}

/* --- integers --------------------------------------------------------------------------------------------- */

#define I32_CLZ(x) ((x) == 0 ? 32u : (u32)__builtin_clz(x))
#define I32_CTZ(x) ((x) == 0 ? 32u : (u32)__builtin_ctz(x))
#define I32_POPCNT(x) rune_popcount32(x)
#define I64_CLZ(x) ((x) == 0 ? 64u : (u64)__builtin_clzll(x))
#define I64_CTZ(x) ((x) == 0 ? 64u : (u64)__builtin_ctzll(x))
#define I64_POPCNT(x) ((u64)rune_popcount32((u32)(x)) + rune_popcount32((u32)((x) >> 32)))

/* The compiler's own would be a call of its library. */
INLINE u32 rune_popcount32(u32 x) {
    x -= (x >> 1) & 0x55555555u;
    x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
    x = (x + (x >> 4)) & 0x0F0F0F0Fu;
    return (x * 0x01010101u) >> 24;
}

#define INTEGERS(bits, unsigned_type, signed_type)                                                     \
    INLINE unsigned_type rune_divide_signed##bits(unsigned_type x, unsigned_type y) {                  \
        if (RARE(y == 0)) {                                                                            \
            rune_aot_trap(RUNE_AOT_DIVISION_BY_ZERO);                                                  \
        }                                                                                              \
        if (RARE(x == (unsigned_type)INT##bits##_MIN && y == (unsigned_type)-1)) {                     \
            rune_aot_trap(RUNE_AOT_INTEGER_OVERFLOW);                                                  \
        }                                                                                              \
        return (unsigned_type)((signed_type)x / (signed_type)y);                                       \
    }                                                                                                  \
    INLINE unsigned_type rune_remainder_signed##bits(unsigned_type x, unsigned_type y) {               \
        if (RARE(y == 0)) {                                                                            \
            rune_aot_trap(RUNE_AOT_DIVISION_BY_ZERO);                                                  \
        }                                                                                              \
        return y == (unsigned_type)-1 ? 0 : (unsigned_type)((signed_type)x % (signed_type)y);          \
    }                                                                                                  \
    INLINE unsigned_type rune_divide_unsigned##bits(unsigned_type x, unsigned_type y) {                \
        if (RARE(y == 0)) {                                                                            \
            rune_aot_trap(RUNE_AOT_DIVISION_BY_ZERO);                                                  \
        }                                                                                              \
        return x / y;                                                                                  \
    }                                                                                                  \
    INLINE unsigned_type rune_remainder_unsigned##bits(unsigned_type x, unsigned_type y) {             \
        if (RARE(y == 0)) {                                                                            \
            rune_aot_trap(RUNE_AOT_DIVISION_BY_ZERO);                                                  \
        }                                                                                              \
        return x % y;                                                                                  \
    }                                                                                                  \
    INLINE unsigned_type rune_rotate_left##bits(unsigned_type x, unsigned_type by) {                   \
        return (x << (by & (bits - 1))) | (x >> ((0 - by) & (bits - 1)));                              \
    }

INTEGERS(32, u32, s32)
INTEGERS(64, u64, s64)
#undef INTEGERS

#define I32_DIV_S(x, y) rune_divide_signed32(x, y)
#define I64_DIV_S(x, y) rune_divide_signed64(x, y)
#define I32_REM_S(x, y) rune_remainder_signed32(x, y)
#define I64_REM_S(x, y) rune_remainder_signed64(x, y)
#define DIV_U(x, y) (sizeof(x) == 8 ? rune_divide_unsigned64(x, y) : rune_divide_unsigned32((u32)(x), (u32)(y)))
#define REM_U(x, y) (sizeof(x) == 8 ? rune_remainder_unsigned64(x, y) : rune_remainder_unsigned32((u32)(x), (u32)(y)))
#define I32_ROTL(x, y) rune_rotate_left32(x, y)
#define I64_ROTL(x, y) rune_rotate_left64(x, y)
#define I32_ROTR(x, y) rune_rotate_left32(x, 0 - (y))
#define I64_ROTR(x, y) rune_rotate_left64(x, 0 - (y))

/* --- floats ----------------------------------------------------------------------------------------------- */

#define INFINITY __builtin_inff()

/* A NaN that is a constant is hidden: clang takes `x != x ? NaN : x`, which makes a NaN canonical, for x itself, whose
   sign is the processor's own. */
#define HIDE_NAN(x, sign, infinity)                                \
    if (__builtin_constant_p(x) && ((x) & ~(sign)) > (infinity)) { \
        __asm__("" : "+r"(x));                                     \
    }
#define NOTHING_TO_HIDE
#define REINTERPRET(name, from, to, hide)         \
    INLINE to name(from x) {                      \
        to bits;                                  \
        hide                                      \
        __builtin_memcpy(&bits, &x, sizeof bits); \
        return bits;                              \
    }
REINTERPRET(f32_reinterpret_i32, u32, f32, HIDE_NAN(x, 0x80000000u, 0x7F800000u))
REINTERPRET(i32_reinterpret_f32, f32, u32, NOTHING_TO_HIDE)
REINTERPRET(f64_reinterpret_i64, u64, f64, HIDE_NAN(x, 0x8000000000000000u, 0x7FF0000000000000u))
REINTERPRET(i64_reinterpret_f64, f64, u64, NOTHING_TO_HIDE)
#undef REINTERPRET
#undef HIDE_NAN
#undef NOTHING_TO_HIDE

/* min and max: NaN if one is, and -0 is less than 0 (4.3.3, fmin). */
#define MINIMUM(name, type, less, sign_of_lesser)                                                      \
    INLINE type name(type x, type y) {                                                                 \
        if (x != x || y != y) {                                                                        \
            return x + y;                                                                              \
        }                                                                                              \
        if (x == y) {                                                                                  \
            return (__builtin_signbit(x) != 0) == sign_of_lesser ? x : y;                              \
        }                                                                                              \
        return x less y ? x : y;                                                                       \
    }
MINIMUM(rune_min32, f32, <, true)
MINIMUM(rune_max32, f32, >, false)
MINIMUM(rune_min64, f64, <, true)
MINIMUM(rune_max64, f64, >, false)
#undef MINIMUM
#define FMIN(x, y) (sizeof(x) == 8 ? (__typeof__(x))rune_min64(x, y) : (__typeof__(x))rune_min32((f32)(x), (f32)(y)))
#define FMAX(x, y) (sizeof(x) == 8 ? (__typeof__(x))rune_max64(x, y) : (__typeof__(x))rune_max32((f32)(x), (f32)(y)))

#define wasm_ceilf(x) __builtin_ceilf(x)
#define wasm_ceil(x) __builtin_ceil(x)
#define wasm_floorf(x) __builtin_floorf(x)
#define wasm_floor(x) __builtin_floor(x)
#define wasm_truncf(x) __builtin_truncf(x)
#define wasm_trunc(x) __builtin_trunc(x)
#define wasm_nearbyintf(x) __builtin_rintf(x) /* rounding is to nearest even everywhere; exceptions are not looked at */
#define wasm_nearbyint(x) __builtin_rint(x)
#define wasm_sqrtf(x) __builtin_sqrtf(x)
#define wasm_sqrt(x) __builtin_sqrt(x)
#define wasm_quietf(x) (x)
#define wasm_quiet(x) (x)
/* These are of bits: a NaN keeps its payload. */
#define wasm_fabsf(x) f32_reinterpret_i32(i32_reinterpret_f32(x) & 0x7FFFFFFFu)
#define wasm_fabs(x) f64_reinterpret_i64(i64_reinterpret_f64(x) & 0x7FFFFFFFFFFFFFFFu)
#define copysignf(x, y) \
    f32_reinterpret_i32((i32_reinterpret_f32(x) & 0x7FFFFFFFu) | (i32_reinterpret_f32(y) & 0x80000000u))
#define copysign(x, y)                                                  \
    f64_reinterpret_i64((i64_reinterpret_f64(x) & 0x7FFFFFFFFFFFFFFFu) | \
                        (i64_reinterpret_f64(y) & 0x8000000000000000u))

/* Floats to integers. `below` and `above` are the nearest floats of the type that are out of range; where the least
   integer is itself the nearest float, the comparison is with it. */
#define TRUNCATIONS(name, float_type, unsigned_type, signed_type, in_range, least, most)               \
    INLINE unsigned_type name(float_type x) {                                                          \
        if (RARE(!(in_range))) {                                                                       \
            rune_aot_trap(x != x ? RUNE_AOT_INVALID_CONVERSION : RUNE_AOT_INTEGER_OVERFLOW);           \
        }                                                                                              \
        return (unsigned_type)(signed_type)x;                                                          \
    }                                                                                                  \
    INLINE unsigned_type name##_saturated(float_type x) {                                              \
        if (RARE(!(in_range))) {                                                                       \
            return x != x ? 0 : x < 0 ? (unsigned_type)least : (unsigned_type)most;                    \
        }                                                                                              \
        return (unsigned_type)(signed_type)x;                                                          \
    }
TRUNCATIONS(rune_i32_f32_s, f32, u32, s32, x >= -0x1p31f && x < 0x1p31f, INT32_MIN, INT32_MAX)
TRUNCATIONS(rune_i32_f64_s, f64, u32, s32, x > -0x1.00000002p31 && x < 0x1p31, INT32_MIN, INT32_MAX)
TRUNCATIONS(rune_i64_f32_s, f32, u64, s64, x >= -0x1p63f && x < 0x1p63f, INT64_MIN, INT64_MAX)
TRUNCATIONS(rune_i64_f64_s, f64, u64, s64, x >= -0x1p63 && x < 0x1p63, INT64_MIN, INT64_MAX)
TRUNCATIONS(rune_i32_f32_u, f32, u32, u32, x > -1.0f && x < 0x1p32f, 0, UINT32_MAX)
TRUNCATIONS(rune_i32_f64_u, f64, u32, u32, x > -1.0 && x < 0x1p32, 0, UINT32_MAX)
TRUNCATIONS(rune_i64_f32_u, f32, u64, u64, x > -1.0f && x < 0x1p64f, 0, UINT64_MAX)
TRUNCATIONS(rune_i64_f64_u, f64, u64, u64, x > -1.0 && x < 0x1p64, 0, UINT64_MAX)
#undef TRUNCATIONS
#define I32_TRUNC_S_F32 rune_i32_f32_s
#define I32_TRUNC_S_F64 rune_i32_f64_s
#define I64_TRUNC_S_F32 rune_i64_f32_s
#define I64_TRUNC_S_F64 rune_i64_f64_s
#define I32_TRUNC_U_F32 rune_i32_f32_u
#define I32_TRUNC_U_F64 rune_i32_f64_u
#define I64_TRUNC_U_F32 rune_i64_f32_u
#define I64_TRUNC_U_F64 rune_i64_f64_u
#define I32_TRUNC_SAT_S_F32 rune_i32_f32_s_saturated
#define I32_TRUNC_SAT_S_F64 rune_i32_f64_s_saturated
#define I64_TRUNC_SAT_S_F32 rune_i64_f32_s_saturated
#define I64_TRUNC_SAT_S_F64 rune_i64_f64_s_saturated
#define I32_TRUNC_SAT_U_F32 rune_i32_f32_u_saturated
#define I32_TRUNC_SAT_U_F64 rune_i32_f64_u_saturated
#define I64_TRUNC_SAT_U_F32 rune_i64_f32_u_saturated
#define I64_TRUNC_SAT_U_F64 rune_i64_f64_u_saturated

#endif
