#include "rune_wasm3_heap.h"

#include <string.h>

#define MEMORY_ALIGNMENT 16u

/* A block is a word with its size (a multiple of 8, this word included) and whether it is in use, then its
   content. Words stand 4 bytes before a multiple of 8, so that contents are aligned to 8. */
#define FIRST 4u
#define WORD 4u
#define IN_USE 1u

static struct {
    uint8_t *base;
    uint32_t end;  /* where blocks must end: the linear memory's header begins there */
    uint32_t top;  /* where blocks do end */
    uint32_t peak; /* the highest `top` since the start */
    uint32_t memory_block; /* bytes of the one allocation that is the linear memory */
    uint32_t memory_header;
    uint32_t memory_rounded;
    bool memory_given;
    bool closed;
    bool exhausted;
} heap;

static uint32_t align(uint32_t value, uint32_t to) {
    return (value + to - 1) & ~(to - 1);
}

void rune_wasm3_heap_start(uint8_t *base, uint32_t size, uint32_t memory, uint32_t header) {
    memset(&heap, 0, sizeof heap);
    heap.base = base;
    heap.top = heap.peak = FIRST;
    heap.memory_block = memory + header;
    heap.memory_header = header;
    heap.memory_rounded = align(memory, MEMORY_ALIGNMENT);
    size &= ~(MEMORY_ALIGNMENT - 1);
    if (memory < UINT32_MAX - 2 * MEMORY_ALIGNMENT && size >= heap.memory_rounded + header + FIRST) {
        heap.end = size - heap.memory_rounded - header;
    } else {
        heap.end = FIRST;
        heap.memory_given = true; /* there is no room for it */
    }
}

void rune_wasm3_heap_close(void) {
    heap.closed = true;
}

bool rune_wasm3_heap_exhausted(void) {
    return heap.exhausted;
}

uint32_t rune_wasm3_heap_used(void) {
    return align(heap.peak + heap.memory_header, MEMORY_ALIGNMENT) + heap.memory_rounded;
}

static uint32_t *word_at(uint32_t at) {
    return (uint32_t *)(void *)(heap.base + at);
}

static uint32_t size_at(uint32_t at) {
    return *word_at(at) & ~7u;
}

static bool is_free(uint32_t at) {
    return (*word_at(at) & IN_USE) == 0;
}

/* Joins the free block at `at` with the free ones behind it; at the top it is given back. False then. */
static bool join(uint32_t at) {
    uint32_t size = size_at(at);
    while (at + size < heap.top && is_free(at + size)) {
        size += size_at(at + size);
    }
    if (at + size == heap.top) {
        heap.top = at;
        return false;
    }
    *word_at(at) = size;
    return true;
}

static void *use(uint32_t at, uint32_t size) {
    *word_at(at) = size | IN_USE;
    return heap.base + at + WORD;
}

/* Uses `size` bytes of the block at `at`, which has at least as many; the rest becomes free. */
static void *use_part(uint32_t at, uint32_t size) {
    uint32_t whole = size_at(at);
    if (whole > size) {
        *word_at(at + size) = whole - size;
    }
    return use(at, size);
}

static void *extend(uint32_t at, uint32_t size) {
    if (size > heap.end - at || at > heap.end) {
        heap.exhausted = true;
        return NULL;
    }
    heap.top = at + size;
    if (heap.top > heap.peak) {
        heap.peak = heap.top;
    }
    return use(at, size);
}

void *rune_wasm3_malloc(size_t wanted) {
    if (heap.closed) {
        return NULL;
    }
    if (wanted > heap.end) {
        heap.exhausted = true;
        return NULL;
    }
    uint32_t size = align((uint32_t)wanted + WORD, 8);
    for (uint32_t at = FIRST; at < heap.top; at += size_at(at)) {
        if (is_free(at)) {
            if (!join(at)) {
                break;
            }
            if (size_at(at) >= size) {
                return use_part(at, size);
            }
        }
    }
    return extend(heap.top, size);
}

void *rune_wasm3_calloc(size_t count, size_t size) {
    if (size != 0 && count > UINT32_MAX / size) {
        return NULL;
    }
    void *block = rune_wasm3_malloc(count * size);
    if (block != NULL) {
        memset(block, 0, count * size);
    }
    return block;
}

void *rune_wasm3_realloc(void *block, size_t wanted) {
    if (block == NULL) {
        /* wasm3 makes the linear memory by enlarging nothing; other blocks of that size come from malloc. */
        if (wanted == heap.memory_block && !heap.memory_given && !heap.closed) {
            heap.memory_given = true;
            return heap.base + heap.end;
        }
        return rune_wasm3_malloc(wanted);
    }
    uint8_t *content = block;
    /* The linear memory never changes its size. */
    if (heap.closed || content >= heap.base + heap.end) {
        return NULL;
    }
    if (wanted > heap.end) {
        heap.exhausted = true;
        return NULL;
    }
    uint32_t at = (uint32_t)(content - heap.base) - WORD;
    uint32_t size = align((uint32_t)wanted + WORD, 8);
    uint32_t old = size_at(at);
    if (at + old == heap.top) {
        return extend(at, size); /* the last block grows or shrinks where it is */
    }
    if (size <= old) {
        return use_part(at, size);
    }
    void *moved = rune_wasm3_malloc(wanted);
    if (moved != NULL) {
        memcpy(moved, block, old - WORD);
        rune_wasm3_free(block);
    }
    return moved;
}

void rune_wasm3_free(void *block) {
    uint8_t *content = block;
    if (block == NULL || heap.closed || content >= heap.base + heap.end) {
        return;
    }
    uint32_t at = (uint32_t)(content - heap.base) - WORD;
    *word_at(at) = size_at(at);
    join(at);
}
