/* This computer as a board (POSIX). It ends with the first failure of the rune, and quietly when the other side
   closes the port: there is nobody to restart for. */
#define _POSIX_C_SOURCE 200809L

#include "rune_board_host.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rune_random.h"

#define WRITE_BUFFER 16384u
#define RECEIVE_CAPACITY 32768u /* what a pipe surely holds: the host may be that far ahead */

static rune_board_host_options options;
static uint64_t started_at;
static rune_random generator;
static uint8_t written[WRITE_BUFFER];
static uint32_t written_length;
static bool wants_input; /* the last read found nothing */
static uint32_t finished_before;

void rune_board_host_configure(const rune_board_host_options *with) {
    options = *with;
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

static void start(void) {
    signal(SIGPIPE, SIG_IGN); /* a write to a closed port is answered with EPIPE instead */
    started_at = now();
}

static const char *reset_cause(void) {
    return "power-on";
}

static uint64_t microseconds(void) {
    return now() - started_at;
}

static void serial_flush(void) {
    for (uint32_t sent = 0; sent < written_length;) {
        ssize_t count = write(STDOUT_FILENO, written + sent, written_length - sent);
        if (count >= 0) {
            sent += (uint32_t)count;
        } else if (errno == EAGAIN) {
            struct pollfd port = {STDOUT_FILENO, POLLOUT, 0};
            poll(&port, 1, -1);
        } else if (errno != EINTR) {
            _exit(EXIT_SUCCESS); /* nobody listens any more */
        }
    }
    written_length = 0;
}

static void serial_write(const uint8_t *data, uint32_t length) {
    while (length > 0) {
        uint32_t part = WRITE_BUFFER - written_length;
        part = part < length ? part : length;
        memcpy(written + written_length, data, part);
        written_length += part;
        data += part;
        length -= part;
        if (written_length == WRITE_BUFFER || written[written_length - 1] == '\n') {
            serial_flush();
        }
    }
}

static uint32_t serial_read(uint8_t *buffer, uint32_t capacity) {
    struct pollfd port = {STDIN_FILENO, POLLIN, 0};
    wants_input = poll(&port, 1, 0) <= 0;
    if (wants_input) {
        return 0;
    }
    ssize_t count = read(STDIN_FILENO, buffer, capacity);
    if (count > 0) {
        return (uint32_t)count;
    }
    wants_input = true;
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        return 0;
    }
    _exit(EXIT_SUCCESS); /* the end of the input, and the rune waits for more */
}

static void idle(uint64_t deadline) {
    uint64_t time = microseconds();
    if (time >= deadline) {
        return;
    }
    uint64_t wait = deadline - time;
    struct timespec timeout = {(time_t)(wait / 1000000u), (long)(wait % 1000000u) * 1000};
    if (wants_input) {
        struct pollfd port = {STDIN_FILENO, POLLIN, 0};
        uint64_t milliseconds = wait / 1000u + 1;
        poll(&port, 1, milliseconds < 60000u ? (int)milliseconds : 60000);
        wants_input = false;
    } else {
        nanosleep(&timeout, NULL);
    }
}

/* See rune_runtime_run: a number that has not grown says that the rune has failed. */
static bool keep_running(uint32_t finished_calls) {
    bool failed = finished_calls == finished_before;
    finished_before = finished_calls;
    return !failed && (options.calls == 0 || finished_calls < options.calls);
}

static rune_status random_read(const rune_capability *capability, uint8_t *buffer, uint32_t length) {
    (void)capability;
    rune_random_fill(&generator, buffer, length);
    return RUNE_OK;
}

static void random_reset(void) {
    rune_random_seed(&generator, options.seed);
}

static const rune_driver drivers[] = {
    {.kind = RUNE_CAPABILITY_RAND, .read = random_read, .reset = random_reset},
};

const rune_board rune_board_self = {
    .id = "host",
    .start = start,
    .reset_cause = reset_cause,
    .microseconds = microseconds,
    .serial_read = serial_read,
    .serial_write = serial_write,
    .serial_flush = serial_flush,
    .serial_receive_capacity = RECEIVE_CAPACITY,
    .idle = idle,
    .keep_running = keep_running,
    .drivers = drivers,
    .driver_count = sizeof drivers / sizeof drivers[0],
};
