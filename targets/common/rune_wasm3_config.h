#ifndef RUNE_WASM3_CONFIG_H
#define RUNE_WASM3_CONFIG_H

/* wasm3 0.5.0 as the runtime uses it. Included by force before everything else in each of wasm3's sources
   (-include rune_wasm3_config.h), and by rune_engine_wasm3.c, which shares its structures. Every one of its
   settings is here: with some (PLATFORMIO, ARDUINO ... defined) its own defaults are others. */

#include <stdlib.h>
#include <string.h>

#include "rune_wasm3_heap.h"

#ifndef RUNE_WASM3_FUNCTION_HEIGHT
#define RUNE_WASM3_FUNCTION_HEIGHT 128 /* operands and locals of one function; 5 bytes of heap each */
#endif
#ifndef RUNE_WASM3_CONSTANTS
#define RUNE_WASM3_CONSTANTS 64 /* of one function that are kept in slots; 4 bytes of heap each */
#endif
#ifndef RUNE_WASM3_CODE_PAGE
#define RUNE_WASM3_CODE_PAGE \
    512 /* bytes of a page of compiled code: smaller ones waste less at the end, but are more */
#endif

#define d_m3CodePageAlignSize RUNE_WASM3_CODE_PAGE
#define d_m3EnableCodePageRefCounting 0
#define d_m3MaxFunctionStackHeight RUNE_WASM3_FUNCTION_HEIGHT
#define d_m3MaxLinearMemoryPages 65536
#define d_m3MaxFunctionSlots (RUNE_WASM3_FUNCTION_HEIGHT * 2)
#define d_m3MaxConstantTableSize RUNE_WASM3_CONSTANTS
#define d_m3MaxDuplicateFunctionImpl 2 /* names of one function */
#define d_m3EnableExtendedOpcodes 1
#define d_m3VerboseErrorMessages 0
#define d_m3FixedHeap 0 /* its fixed heap cannot be reset: see below */
#define d_m3FixedHeapAlign 8
#define d_m3Use32BitSlots 1
#define d_m3ProfilerSlotMask 0xFFFF
#define d_m3RecordBacktraces 0
#define d_m3EnableExceptionBreakpoint 0
#define d_m3EnableOpProfiling 0
#define d_m3EnableOpTracing 0
#define d_m3EnableStrace 0
#define d_m3LogParse 0
#define d_m3LogModule 0
#define d_m3LogCompile 0
#define d_m3LogWasmStack 0
#define d_m3LogEmit 0
#define d_m3LogCodePages 0
#define d_m3LogRuntime 0
#define d_m3LogNativeStack 0
#define d_m3LogOutput 0
#define d_m3HasWASI 0
#define d_m3HasFloat 1
#define d_m3NoFloatDynamic 0
#define d_m3SkipStackCheck 0
#define d_m3SkipMemoryBoundsCheck 0
#undef DEBUG
#undef ASSERTS

/* Its memory comes from the arena. */
#define malloc rune_wasm3_malloc
#define calloc rune_wasm3_calloc
#define realloc rune_wasm3_realloc
#define free rune_wasm3_free

/* Without a C library (-ffreestanding) a compiler keeps `memcpy(&value, pointer, 4)` as a call; then an
   operation of the interpreter that loads or stores is no tail call, and each one run adds to the C stack. */
#define memcpy __builtin_memcpy
#define memset __builtin_memset

#endif
