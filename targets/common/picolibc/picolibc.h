/* picolibc's configuration for runeflash: the header its own build would generate. No stdio, no errno that
   matters, and one algorithm per math function whatever the core (__OBSOLETE_MATH_FLOAT: the choice by
   __ARM_FP differs between targets, and with it the last bit of expf). */
#ifndef RUNE_PICOLIBC_H
#define RUNE_PICOLIBC_H

#define _HAVE_ATTRIBUTE_ALWAYS_INLINE
#define _HAVE_BUILTIN_EXPECT
#define _HAVE_BUILTIN_CTZ
#define _HAVE_CC_INHIBIT_LOOP_TO_LIBCALL
#define _HAVE_LONG_DOUBLE
#define _IEEE_LIBM
#define __OBSOLETE_MATH_FLOAT 1
#define __OBSOLETE_MATH_DOUBLE 1
#if defined(__wasm__) && !defined(__IEEE_LITTLE_ENDIAN)
#define __IEEE_LITTLE_ENDIAN
#endif
#define TINY_STDIO
#define NEWLIB_GLOBAL_ERRNO
#define __PICOLIBC_VERSION__ "1.7.9"
#define __PICOLIBC__ 1
#define __PICOLIBC_MINOR__ 7
#define _NEWLIB_VERSION "4.2.0"
#define __NEWLIB__ 4
#define __NEWLIB_MINOR__ 2
#define __NEWLIB_PATCHLEVEL__ 0
#define FORMAT_DEFAULT_DOUBLE

#endif
