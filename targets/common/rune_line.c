#include "rune_line.h"

#include <string.h>

static const rune_board *board;
static rune_json line;

void rune_line_start(const rune_board *on) {
    board = on;
    rune_json_start(&line, board->serial_write);
}

const char *rune_capability_name(uint32_t kind) {
    static const char *const names[] = {
        [RUNE_CAPABILITY_RAND] = "RAND",   [RUNE_CAPABILITY_SOUND] = "SOUND", [RUNE_CAPABILITY_ACCEL] = "ACCEL",
        [RUNE_CAPABILITY_IMAGE] = "IMAGE", [RUNE_CAPABILITY_RAW] = "RAW",
    };
    if (kind < RUNE_CAPABILITY_RAND || kind > RUNE_CAPABILITY_RAW) {
        return "an unknown capability";
    }
    return names[kind];
}

static void member(const char *key, const char *text) {
    rune_json_key(&line, key);
    rune_json_text(&line, text);
}

static void number(const char *key, uint32_t value) {
    rune_json_key(&line, key);
    rune_json_unsigned(&line, value);
}

static void begin(const char *kind) {
    rune_json_open(&line, '{');
    member("runeflash", kind);
}

static void end(void) {
    rune_json_close(&line, '}');
    rune_json_end_line(&line);
}

rune_json *rune_line_output(void) {
    return &line;
}

void rune_line_end(void) {
    rune_json_end_line(&line);
}

void rune_line_boot(const rune_boot *boot) {
    begin("boot");
    member("rune", boot->rune);
    member("build", boot->build);
    member("board", board->id);
    member("engine", boot->engine);
    member("reset", boot->reset);
    number("heap", boot->heap);
    end();
}

void rune_line_log(rune_log_level level, const uint8_t *message, uint32_t length) {
    static const char *const names[] = {"error", "warning", "info", "debug"};
    begin("log");
    member("level", names[level]);
    rune_json_key(&line, "message");
    rune_json_string(&line, message, length);
    end();
}

void rune_line_error(const rune_failure *failure) {
    begin("error");
    member("code", rune_status_name(failure->status));
    rune_json_key(&line, "stage");
    if (failure->stage_length == 0) {
        rune_json_null(&line);
    } else {
        rune_json_string(&line, failure->stage, failure->stage_length);
    }
    rune_json_key(&line, "message");
    rune_json_string(&line, failure->message, failure->message_length);
    end();
}

void rune_line_ack(uint32_t request, uint32_t next) {
    begin("ack");
    number("request", request);
    number("next", next);
    end();
}

static void parameters(const rune_capability *capability) {
    rune_json_key(&line, "parameters");
    rune_json_open(&line, '{');
    for (uint32_t i = 0; i < capability->parameter_count; i++) {
        const rune_capability_parameter *parameter = &capability->parameters[i];
        /* The name is the rune's own text: written as a string, then made a key by the colon. */
        rune_json_text(&line, parameter->name);
        rune_json_raw(&line, ":", 1);
        line.comma = false;
        if (parameter->value.is_float) {
            uint32_t bits;
            memcpy(&bits, &parameter->value.real, sizeof bits);
            rune_json_f32(&line, bits);
        } else {
            rune_json_signed(&line, parameter->value.integer);
        }
    }
    rune_json_close(&line, '}');
}

void rune_line_need(const rune_capability *capability, uint32_t request, uint32_t bytes, uint32_t next,
                    uint32_t window) {
    begin("need");
    number("request", request);
    member("kind", rune_capability_name(capability->kind));
    rune_json_key(&line, "source");
    rune_json_signed(&line, capability->source);
    number("bytes", bytes);
    number("next", next);
    number("window", window);
    parameters(capability);
    end();
}

void rune_line_waiting(const rune_capability *capability) {
    begin("log");
    member("level", "info");
    rune_json_key(&line, "message");
    const char *name = rune_capability_name(capability->kind);
    rune_json_raw(&line, "\"waiting for ", 13);
    rune_json_raw(&line, name, (uint32_t)strlen(name));
    rune_json_raw(&line, " from the host\"", 15);
    end();
}
