#ifndef RUNE_WASM3_HEAP_H
#define RUNE_WASM3_HEAP_H

/* The arena that wasm3 allocates from: emptied as a whole before each load, closed after it. Linear memory
   stands at its end, where its alignment can be chosen; blocks grow from its beginning, and holes are used
   again. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Empties the arena of `size` bytes at `base`, which is aligned to 16. One allocation is known beforehand:
   `memory` bytes of linear memory behind a header of `header` bytes; the memory, not the header, is aligned
   to 16. */
void rune_wasm3_heap_start(uint8_t *base, uint32_t size, uint32_t memory, uint32_t header);

/* From now on every allocation fails. */
void rune_wasm3_heap_close(void);

/* Whether an allocation has failed since the start because the arena is too small. */
bool rune_wasm3_heap_exhausted(void);

/* Returns the size of the smallest arena with which everything since the start would have gone the same way. */
uint32_t rune_wasm3_heap_used(void);

/* As those of the C library; blocks are aligned to 8. */
void *rune_wasm3_malloc(size_t size);
void *rune_wasm3_calloc(size_t count, size_t size);
void *rune_wasm3_realloc(void *block, size_t size);
void rune_wasm3_free(void *block);

#endif
