/* A board of this computer for hostile runes: what RAW gives comes from standard input, record by record, and time
   goes by as soon as anybody waits. Ends quietly at the end of the input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rune_image.h"
#include "rune_runtime.h"

static uint64_t time_now;

static void start(void) {
}

static const char *reset_cause(void) {
    return "power-on";
}

static uint64_t microseconds(void) {
    return ++time_now;
}

static uint32_t serial_read(uint8_t *buffer, uint32_t capacity) {
    (void)buffer;
    (void)capacity;
    return 0;
}

static void serial_write(const uint8_t *data, uint32_t length) {
    fwrite(data, 1, length, stdout);
}

static void serial_flush(void) {
}

static void idle(uint64_t deadline) {
    time_now = deadline;
}

static rune_status raw_configure(const rune_capability *capability, const char *name, rune_parameter value) {
    (void)capability;
    (void)name;
    (void)value;
    return RUNE_OK;
}

static rune_status raw_read(const rune_capability *capability, uint8_t *buffer, uint32_t length) {
    (void)capability;
    if (fread(buffer, 1, length, stdin) != length) {
        exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE); /* with the leak check, if there is one */
    }
    return RUNE_OK;
}

static const rune_driver drivers[] = {{RUNE_CAPABILITY_RAW, raw_configure, raw_read, NULL}};

const rune_board rune_board_self = {
    .id = "hostile",
    .start = start,
    .reset_cause = reset_cause,
    .microseconds = microseconds,
    .serial_read = serial_read,
    .serial_write = serial_write,
    .serial_flush = serial_flush,
    .serial_receive_capacity = 1024,
    .idle = idle,
    .drivers = drivers,
    .driver_count = 1,
};

int main(void) {
    return rune_runtime_run(&rune_board_self, &rune_image_self) == RUNE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
