#ifndef RUNE_BOARD_H
#define RUNE_BOARD_H

/* What a board gives to the runtime. One constant of type rune_board per board, called `rune_board_self`. */

#include <stdbool.h>
#include <stdint.h>

#include "rune_status.h"

/* Capability kinds: the numbers of the rune's binary interface. */
typedef enum rune_capability_kind {
    RUNE_CAPABILITY_RAND = 1,
    RUNE_CAPABILITY_SOUND = 2,
    RUNE_CAPABILITY_ACCEL = 3,
    RUNE_CAPABILITY_IMAGE = 4,
    RUNE_CAPABILITY_RAW = 5
} rune_capability_kind;

/* A parameter's value: integers are widened to i32, floats are f32. */
typedef struct rune_parameter {
    bool is_float;
    int32_t integer;
    float real;
} rune_parameter;

#ifndef RUNE_LONGEST_SLEEP_US
#define RUNE_LONGEST_SLEEP_US 1000000u /* a board's idle comes back after so long, whatever it waits for: see below */
#endif

#ifndef RUNE_MAX_CAPABILITY_PARAMETERS
#define RUNE_MAX_CAPABILITY_PARAMETERS 6 /* per capability; 36 bytes each */
#endif
#ifndef RUNE_MAX_PARAMETER_NAME
#define RUNE_MAX_PARAMETER_NAME 24 /* bytes with the final 0; "sample_duration_ms" is the longest in use */
#endif

typedef struct rune_capability_parameter {
    char name[RUNE_MAX_PARAMETER_NAME];
    rune_parameter value;
} rune_capability_parameter;

/* One capability that a rune has requested. */
typedef struct rune_capability {
    uint32_t handle;
    uint32_t kind;
    int32_t source; /* the parameter `source`, 0 when it was not set */
    uint32_t parameter_count;
    rune_capability_parameter parameters[RUNE_MAX_CAPABILITY_PARAMETERS];
} rune_capability;

/* A driver serves every capability of its kind. */
typedef struct rune_driver {
    uint32_t kind;
    /* Asked before a parameter is stored, except for `source` 0; RUNE_ERROR_BAD_PARAMETER refuses it. NULL accepts
       every one. */
    rune_status (*configure)(const rune_capability *capability, const char *name, rune_parameter value);
    /* Fills all of `length` bytes (`buffer` is aligned to 4), waiting as long as it takes. */
    rune_status (*read)(const rune_capability *capability, uint8_t *buffer, uint32_t length);
    /* Back to the state after reset, before every (re)start of a rune. May be NULL. */
    void (*reset)(void);
} rune_driver;

/* Marks for a debugger or an emulator that counts: written to ITM stimulus port 1 on a Cortex-M. */
typedef enum rune_mark {
    RUNE_MARK_CALL_BEGIN = 1,
    RUNE_MARK_CALL_END = 2,
    RUNE_MARK_MODEL_BEGIN = 3,
    RUNE_MARK_MODEL_END = 4,
    RUNE_MARK_READ_BEGIN = 5, /* a capability's driver begins to read ... */
    RUNE_MARK_READ_END = 6,
    RUNE_MARK_OUTPUT_BEGIN = 7, /* formatting and sending of an output begins ... */
    RUNE_MARK_OUTPUT_END = 8
} rune_mark;

typedef struct rune_board {
    const char *id;
    /* Clocks, memory, serial port. Called once, first of all. */
    void (*start)(void);
    /* Why the last reset happened: "power-on", "pin", "watchdog", "software", "lockup" ... */
    const char *(*reset_cause)(void);
    /* Time since start. */
    uint64_t (*microseconds)(void);
    /* Takes up to `capacity` received bytes, without waiting; returns how many. */
    uint32_t (*serial_read)(uint8_t *buffer, uint32_t capacity);
    /* Sends all bytes; may wait for room. `data` may lie in flash. */
    void (*serial_write)(const uint8_t *data, uint32_t length);
    /* Waits until all that was written has left the board. */
    void (*serial_flush)(void);
    /* How many bytes the host may send ahead: the size of the receive buffer. */
    uint32_t serial_receive_capacity;
    /* Sleeps until an interrupt, until the time `deadline` (microseconds()) has come, or for RUNE_LONGEST_SLEEP_US,
       whichever is first. Feeds the watchdog. */
    void (*idle)(uint64_t deadline);
    /* The hardware watchdog; both NULL where there is none. It is fed by the runtime after each call of the rune, and
       by the board in its own waits (idle, serial_write): never in an interrupt, and never while the rune's code runs. */
    void (*start_watchdog)(uint32_t milliseconds);
    void (*feed_watchdog)(void);
    /* Asked after each call of the rune, and after each failure, with the number of finished calls; false ends
       rune_runtime_run. NULL: run on. */
    bool (*keep_running)(uint32_t finished_calls);
    void (*mark)(rune_mark mark); /* may be NULL */
    /* The drivers of the board itself; the first of a kind wins, over the stream's too (but see rune_image). */
    const rune_driver *drivers;
    uint32_t driver_count;
} rune_board;

extern const rune_board rune_board_self;

#endif
