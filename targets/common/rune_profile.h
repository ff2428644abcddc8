#ifndef RUNE_PROFILE_H
#define RUNE_PROFILE_H

/* The time that each stage and each call of the host takes, told as a `profile` line after every call of the rune
   (docs/wire.md). Only firmware built with --profile has it, where RUNE_PROFILE is defined; elsewhere nothing of it is
   left.

   All of a call's time belongs to one part or another: the rune's in a stage, a host function's, or this file's own,
   which is kept apart. So a part's time has little of the measuring in it: the way here and back, and a reading of the
   clock. */

#include <stdint.h>

#include "rune_board.h"
#include "rune_image.h"

/* The time of one part. 24 bytes of RAM. */
typedef struct rune_profile_part {
    const char *host_call; /* the name under which the rune imports it; NULL: the rune itself */
    uint32_t stage;        /* from 1; 0: before the rune has said which */
    uint32_t calls;        /* how often the part was entered, in this call of the rune; 0: not at all */
    uint64_t microseconds;
} rune_profile_part;

/* Generated with the image, as many as the rune can need: two for a stage, and some for the log. */
extern rune_profile_part rune_profile_parts[];
extern const uint32_t rune_profile_part_count;

#ifdef RUNE_PROFILE

/* Must be called before every other function here. */
void rune_profile_start(const rune_board *board, const rune_image *image);

void rune_profile_call_begin(void);
void rune_profile_call_end(void);

/* The rune has said which stage it is in. */
void rune_profile_stage(uint32_t stage);

/* Around the work of a host function, with the name under which the rune imports it: always the same pointer. */
void rune_profile_host_begin(const char *name);
void rune_profile_host_end(void);

/* Prints the line of the call that has ended, and waits until it has left the board: sending it takes no time of the
   next call's. */
void rune_profile_print(void);

#else

static inline void rune_profile_start(const rune_board *board, const rune_image *image) {
    (void)board;
    (void)image;
}
static inline void rune_profile_call_begin(void) {}
static inline void rune_profile_call_end(void) {}
static inline void rune_profile_stage(uint32_t stage) {
    (void)stage;
}
static inline void rune_profile_host_begin(const char *name) {
    (void)name;
}
static inline void rune_profile_host_end(void) {}
static inline void rune_profile_print(void) {}

#endif

#endif
