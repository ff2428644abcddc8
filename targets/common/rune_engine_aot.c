/* Code compiled ahead of time as an engine: the rune is part of the firmware, so loading is no more than bringing its
   memory back to the state that the module declares. */
#include <stddef.h>

#include "rune_aot.h"
#include "rune_aot_protect.h"
#include "rune_engine.h"
#include "rune_host.h"
#include "rune_profile.h"

const char *const rune_engine_name = "aot";

/* In wasm3's words, so that a rune's error line does not depend on the engine. */
static const char *const messages[RUNE_AOT_TRAP_COUNT] = {
    [RUNE_AOT_OUT_OF_BOUNDS] = "out of bounds memory access",
    [RUNE_AOT_UNREACHABLE] = "unreachable executed",
    [RUNE_AOT_DIVISION_BY_ZERO] = "integer divide by zero",
    [RUNE_AOT_INTEGER_OVERFLOW] = "integer overflow",
    [RUNE_AOT_INVALID_CONVERSION] = "invalid conversion to integer",
    [RUNE_AOT_UNDEFINED_ELEMENT] = "undefined element",
    [RUNE_AOT_NULL_ELEMENT] = "null table element",
    [RUNE_AOT_TYPE_MISMATCH] = "indirect call type mismatch",
    [RUNE_AOT_STACK_OVERFLOW] = "stack overflow",
    [RUNE_AOT_OUT_OF_BUDGET] = "the instruction budget is used up",
};

uintptr_t rune_aot_stack_end;
uint32_t rune_aot_stage;

static struct {
    uint32_t budget_of_call;
    rune_status status; /* why the last call was left */
    const char *message;
} engine;

void rune_aot_trap(rune_aot_trap_reason reason) {
    engine.status = reason == RUNE_AOT_STACK_OVERFLOW  ? RUNE_ERROR_STACK_OVERFLOW
                    : reason == RUNE_AOT_OUT_OF_BUDGET ? RUNE_ERROR_BUDGET
                                                       : RUNE_ERROR_TRAP;
    engine.message = messages[reason];
    rune_aot_leave();
}

/* --- imports ---------------------------------------------------------------------------------------------- */

/* The host function has noted the failure, with a message. */
static _Noreturn __attribute__((noinline, cold)) void host_failed(rune_status status) {
    engine.status = status;
    rune_aot_leave();
}

/* `imported` is the name that a rune knows it by. */
#define IMPORT(imported, name, parameters, ...)                      \
    uint32_t rune_aot_##name parameters {                            \
        uint32_t result = 0;                                         \
        rune_profile_host_begin(imported);                           \
        rune_status status = rune_host_##name(__VA_ARGS__, &result); \
        rune_profile_host_end();                                     \
        if (status != RUNE_OK) {                                     \
            host_failed(status);                                     \
        }                                                            \
        return result;                                               \
    }

IMPORT("_debug", debug, (uint32_t a, uint32_t b), a, b)
IMPORT("request_capability", request_capability, (uint32_t a), a)
IMPORT("request_capability_set_param", request_capability_set_param,
       (uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f), a, b, c, d, e, f)
IMPORT("request_provider_response", request_provider_response, (uint32_t a, uint32_t b, uint32_t c), a, b, c)
IMPORT("request_output", request_output, (uint32_t a), a)
IMPORT("consume_output", consume_output, (uint32_t a, uint32_t b, uint32_t c), a, b, c)
IMPORT("rune_model_load", model_load,
       (uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f, uint32_t g, uint32_t h), a, b, c, d, e,
       f, g, h)
IMPORT("rune_model_infer", model_infer, (uint32_t a, uint32_t b, uint32_t c), a, b, c)
IMPORT("rune_resource_open", resource_open, (uint32_t a, uint32_t b), a, b)
IMPORT("rune_resource_read", resource_read, (uint32_t a, uint32_t b, uint32_t c), a, b, c)
IMPORT("rune_resource_close", resource_close, (uint32_t a), a)

#ifdef RUNE_PROFILE
/* Imported by a rune that the build has changed: firmware/stage_calls.py. */
void rune_aot_profile_stage(void) {
    rune_profile_stage(rune_aot_stage);
}
#endif

/* --- load and call ---------------------------------------------------------------------------------------- */

static rune_status run(void (*function)(void)) {
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    rune_aot_stack_end = here > RUNE_AOT_STACK ? here - RUNE_AOT_STACK : 0;
    engine.status = RUNE_OK;
    engine.message = "";
    rune_aot_set_budget(engine.budget_of_call);
    return rune_aot_protect(function) ? RUNE_OK : engine.status;
}

rune_status rune_engine_load(const rune_engine_module *module) {
    /* Code and image are generated together, so the module's sizes are the code's. */
    engine.budget_of_call = module->budget > 0 ? (uint32_t)module->budget : 0;
    rune_aot_stage = 0;
    return run(rune_aot_instantiate) == RUNE_OK ? RUNE_OK : RUNE_ERROR_INVALID_MODULE;
}

rune_status rune_engine_manifest(void) {
    return run(rune_aot_manifest);
}

rune_status rune_engine_call(void) {
    return run(rune_aot_call);
}

const char *rune_engine_trap_message(void) {
    return engine.message == NULL ? "" : engine.message;
}

uint32_t rune_engine_stage(void) {
    return rune_aot_stage;
}

uint32_t rune_engine_heap_used(void) {
    return rune_aot_memory_size;
}

uint8_t *rune_engine_memory(uint32_t *size) {
    *size = rune_aot_memory_size;
    return rune_aot_memory;
}
