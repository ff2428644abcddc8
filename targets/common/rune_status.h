#ifndef RUNE_STATUS_H
#define RUNE_STATUS_H

#include <stdint.h>

/* What a call of the runtime answers. 0 is success everywhere. The names are printed in error lines. */
typedef enum rune_status {
    RUNE_OK = 0,
    RUNE_ERROR_INVALID_MODULE,   /* the wasm is malformed, or has what a board refuses */
    RUNE_ERROR_OUT_OF_MEMORY,    /* the engine heap is too small for the module */
    RUNE_ERROR_TRAP,             /* the rune trapped: out of bounds, unreachable, division by zero ... */
    RUNE_ERROR_STACK_OVERFLOW,   /* the engine's stack is exhausted */
    RUNE_ERROR_BUDGET,           /* the rune has executed more than one call may */
    RUNE_ERROR_BAD_POINTER,      /* a pointer, length or alignment outside the linear memory */
    RUNE_ERROR_BAD_HANDLE,       /* a handle of the wrong kind, or one never given out */
    RUNE_ERROR_BAD_PARAMETER,    /* a capability parameter that the driver does not know or accept */
    RUNE_ERROR_BAD_MODEL,        /* no such model in the firmware, another hash, or another signature */
    RUNE_ERROR_BAD_OUTPUT,       /* output data that does not keep the format */
    RUNE_ERROR_NO_CAPABILITY,    /* the board has no driver for the capability */
    RUNE_ERROR_NO_RESOURCE,      /* no such resource in the rune */
    RUNE_ERROR_NO_DATA,          /* the capability has no data to give */
    RUNE_ERROR_TOO_MANY_HANDLES, /* RUNE_MAX_HANDLES reached */
    RUNE_ERROR_BLOCK,            /* a proc block reported an error */
    RUNE_ERROR_DRIVER,           /* a driver failed */
    RUNE_STATUS_COUNT
} rune_status;

/* Returns the name of a status as error lines print it ("trap", "bad-pointer", ...). */
const char *rune_status_name(rune_status status);

#endif
