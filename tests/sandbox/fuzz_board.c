#include "fuzz_board.h"

#include <stdio.h>

uint32_t (*fuzz_receive)(uint8_t *buffer, uint32_t capacity);
void (*fuzz_sent)(const uint8_t *data, uint32_t length);

static uint64_t state;
static uint64_t time_now;

void fuzz_seed(uint64_t seed) {
    state = seed;
}

uint32_t fuzz_random(void) { /* SplitMix64, whose upper half is good */
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)(z >> 32);
}

uint32_t fuzz_below(uint32_t limit) {
    return limit == 0 ? fuzz_random() : fuzz_random() % limit;
}

static const char *reset_cause(void) {
    return "power-on";
}

static void start(void) {
}

static uint64_t microseconds(void) {
    return ++time_now;
}

static uint32_t serial_read(uint8_t *buffer, uint32_t capacity) {
    return fuzz_receive == NULL ? 0 : fuzz_receive(buffer, capacity);
}

static void serial_write(const uint8_t *data, uint32_t length) {
    if (fuzz_sent != NULL) {
        fuzz_sent(data, length);
    } else {
        fwrite(data, 1, length, stdout);
    }
}

static void idle(uint64_t deadline) {
    time_now += fuzz_below(2) == 0 ? 1000 : deadline > time_now ? deadline - time_now : 0;
}

static rune_status fill(const rune_capability *capability, uint8_t *buffer, uint32_t length) {
    (void)capability;
    for (uint32_t i = 0; i < length; i++) {
        buffer[i] = (uint8_t)fuzz_random();
    }
    return fuzz_below(50) == 0 ? RUNE_ERROR_NO_DATA : RUNE_OK;
}

static rune_status configure(const rune_capability *capability, const char *name, rune_parameter value) {
    (void)capability;
    return name[0] == 'n' ? RUNE_ERROR_BAD_PARAMETER : value.integer == 13 ? RUNE_ERROR_DRIVER : RUNE_OK;
}

static const rune_driver drivers[] = {
    {RUNE_CAPABILITY_RAW, configure, fill, NULL},
    {RUNE_CAPABILITY_RAND, NULL, fill, NULL},
};

const rune_board fuzz_board = {
    .id = "fuzz",
    .start = start,
    .reset_cause = reset_cause,
    .microseconds = microseconds,
    .serial_read = serial_read,
    .serial_write = serial_write,
    .serial_flush = start,
    .serial_receive_capacity = 1024,
    .idle = idle,
    .drivers = drivers,
    .driver_count = 2,
};
