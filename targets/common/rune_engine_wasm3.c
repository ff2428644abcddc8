/* The wasm3 interpreter as an engine: everything that it needs it takes at load, from one arena. */
#include "rune_wasm3_config.h"

#include "m3_env.h"
#include "wasm3.h"

#include "rune_engine.h"
#include "rune_failure.h"
#include "rune_host.h"
#include "rune_profile.h"

#ifndef RUNE_WASM3_STACK
#define RUNE_WASM3_STACK 2048 /* bytes of heap: operands, locals and constants of the active functions */
#endif
#ifndef RUNE_WASM3_NATIVE_STACK
/* Bytes of C stack that calls within the rune may take; host functions come on top. A call takes 80 bytes on a
   Cortex-M4 and each loop around it 48; on a 64-bit core it is about three times that. */
#define RUNE_WASM3_NATIVE_STACK (sizeof(void *) == 4 ? 4096u : 16384u)
#endif

#define SLOTS_PER_VALUE (sizeof(uint64_t) / sizeof(m3slot_t)) /* of a call's argument or result */

const char *const rune_engine_name = "wasm3";

static const char out_of_budget[] = "the instruction budget is used up";
static const char host_failed[] = "a host function failed";

static struct {
    IM3Runtime runtime;
    IM3Module module;
    IM3Function manifest;
    IM3Function call;
    IM3Global budget; /* what is left of it */
    int32_t budget_of_call;
    uintptr_t native_stack_end; /* the C stack may grow down to here; 0: no call of the rune is active */
    rune_status host_status;    /* of the host function that failed */
    M3Result result;
} engine;

/* Where the rune keeps its stage; NULL where it keeps none. `runeflash profile` finds it by this name. */
static const int64_t *rune_wasm3_stage;

/* --- imports --------------------------------------------------------------------------------------------- */

static const void *finish(uint64_t *slots, rune_status status, uint32_t result) {
    slots[0] = result;
    engine.host_status = status;
    return status == RUNE_OK ? m3Err_none : host_failed;
}

#define ARGUMENT(number) ((uint32_t)slots[number])
/* `imported` is the name that a rune knows it by. */
#define IMPORT(imported, name, ...)                                                                 \
    static const void *import_##name(IM3Runtime runtime, IM3ImportContext context, uint64_t *slots, \
                                     void *memory) {                                                \
        (void)runtime;                                                                              \
        (void)context;                                                                              \
        (void)memory;                                                                               \
        uint32_t result = 0;                                                                        \
        rune_profile_host_begin(imported);                                                          \
        rune_status status = rune_host_##name(__VA_ARGS__, &result);                                \
        rune_profile_host_end();                                                                    \
        return finish(slots, status, result);                                                       \
    }

IMPORT("_debug", debug, ARGUMENT(1), ARGUMENT(2))
IMPORT("request_capability", request_capability, ARGUMENT(1))
IMPORT("request_capability_set_param", request_capability_set_param, ARGUMENT(1), ARGUMENT(2), ARGUMENT(3),
       ARGUMENT(4), ARGUMENT(5), ARGUMENT(6))
IMPORT("request_provider_response", request_provider_response, ARGUMENT(1), ARGUMENT(2), ARGUMENT(3))
IMPORT("request_output", request_output, ARGUMENT(1))
IMPORT("consume_output", consume_output, ARGUMENT(1), ARGUMENT(2), ARGUMENT(3))
IMPORT("rune_model_load", model_load, ARGUMENT(1), ARGUMENT(2), ARGUMENT(3), ARGUMENT(4), ARGUMENT(5), ARGUMENT(6),
       ARGUMENT(7), ARGUMENT(8))
IMPORT("rune_model_infer", model_infer, ARGUMENT(1), ARGUMENT(2), ARGUMENT(3))
IMPORT("rune_resource_open", resource_open, ARGUMENT(1), ARGUMENT(2))
IMPORT("rune_resource_read", resource_read, ARGUMENT(1), ARGUMENT(2), ARGUMENT(3))
IMPORT("rune_resource_close", resource_close, ARGUMENT(1))

#ifdef RUNE_PROFILE
/* Imported by a rune that the build has changed: firmware/stage_calls.py. */
static const void *import_profile_stage(IM3Runtime runtime, IM3ImportContext context, uint64_t *slots, void *memory) {
    (void)runtime;
    (void)context;
    (void)slots;
    (void)memory;
    rune_profile_stage(rune_engine_stage());
    return m3Err_none;
}
#endif

static const struct import {
    const char *name;
    const char *signature;
    M3RawCall function;
} imports[] = {
    {"_debug", "i(ii)", import_debug},
    {"request_capability", "i(i)", import_request_capability},
    {"request_capability_set_param", "i(iiiiii)", import_request_capability_set_param},
    {"request_provider_response", "i(iii)", import_request_provider_response},
    {"request_output", "i(i)", import_request_output},
    {"consume_output", "i(iii)", import_consume_output},
    {"rune_model_load", "i(iiiiiiii)", import_model_load},
    {"rune_model_infer", "i(iii)", import_model_infer},
    {"rune_resource_open", "i(ii)", import_resource_open},
    {"rune_resource_read", "i(iii)", import_resource_read},
    {"rune_resource_close", "i(i)", import_resource_close},
#ifdef RUNE_PROFILE
    {"profile_stage", "v()", import_profile_stage},
#endif
};

static M3Result link_imports(IM3Module module) {
    for (size_t i = 0; i < sizeof imports / sizeof imports[0]; i++) {
        M3Result result =
            m3_LinkRawFunction(module, "env", imports[i].name, imports[i].signature, imports[i].function);
        /* Not every rune has every import. */
        if (result != m3Err_none && result != m3Err_functionLookupFailed) {
            return result;
        }
    }
    return m3Err_none;
}

/* --- the C stack ----------------------------------------------------------------------------------------- */

/* wasm3 asks this before each call of a function; its own definition is weak. Recursion with small frames would
   leave the C stack long before its own stack is full. */
M3Result m3_Yield(void) {
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    return here < engine.native_stack_end ? m3Err_trapStackOverflow : m3Err_none;
}

static void limit_native_stack(void) {
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    engine.native_stack_end = here > RUNE_WASM3_NATIVE_STACK ? here - RUNE_WASM3_NATIVE_STACK : 0;
}

/* --- load and call --------------------------------------------------------------------------------------- */

/* A caller writes arguments beyond its own frame, where only the called function checks for room, and a host
   function does not: so much at the end of the stack is kept back. */
static uint32_t argument_slots(IM3Module module) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < module->numFuncTypes; i++) {
        uint32_t values = (uint32_t)module->funcTypes[i]->numArgs + module->funcTypes[i]->numRets;
        most = values > most ? values : most;
    }
    return most * SLOTS_PER_VALUE;
}

static M3Result find_export(const char *name, uint32_t arguments, IM3Function *function) {
    M3Result result = m3_FindFunction(function, engine.runtime, name);
    if (result != m3Err_none) {
        return result;
    }
    bool fits = m3_GetArgCount(*function) == arguments && m3_GetRetCount(*function) == 1;
    for (uint32_t i = 0; fits && i < arguments; i++) {
        fits = m3_GetArgType(*function, i) == c_m3Type_i32;
    }
    return fits && m3_GetRetType(*function, 0) == c_m3Type_i32 ? m3Err_none : "an export has another signature";
}

static IM3Global find_global(const char *name) {
    IM3Global global = m3_FindGlobal(engine.module, name);
    return global != NULL && global->type == c_m3Type_i32 && global->isMutable ? global : NULL;
}

static M3Result load(const rune_engine_module *source) {
    IM3Environment environment = m3_NewEnvironment();
    engine.runtime = environment == NULL ? NULL : m3_NewRuntime(environment, RUNE_WASM3_STACK, NULL);
    if (engine.runtime == NULL) {
        return m3Err_mallocFailed;
    }
    engine.runtime->memoryLimit = source->memory_size;
    M3Result result = m3_ParseModule(environment, &engine.module, source->wasm, source->wasm_length);
    if (result != m3Err_none) {
        return result;
    }
    uint32_t kept_back = argument_slots(engine.module);
    if (kept_back >= engine.runtime->numStackSlots) {
        return m3Err_trapStackOverflow;
    }
    engine.runtime->numStackSlots -= kept_back;
    result = m3_LoadModule(engine.runtime, engine.module);
    if (result == m3Err_none) {
        result = link_imports(engine.module);
    }
    if (result == m3Err_none) {
        result = m3_CompileModule(engine.module);
    }
    if (result == m3Err_none) {
        result = find_export("_manifest", 0, &engine.manifest);
    }
    if (result == m3Err_none) {
        result = find_export("_call", 3, &engine.call);
    }
    if (result == m3Err_none) {
        IM3Global stage = find_global("stage");
        rune_wasm3_stage = stage == NULL ? NULL : &stage->intValue;
        engine.budget = find_global("budget");
        engine.budget_of_call = source->budget;
        result = engine.budget == NULL ? "the rune's instructions are not counted" : m3Err_none;
    }
    return result;
}

rune_status rune_engine_load(const rune_engine_module *source) {
    memset(&engine, 0, sizeof engine);
    rune_wasm3_stage = NULL;
    rune_wasm3_heap_start(source->heap, source->heap_size, source->memory_size, sizeof(M3MemoryHeader));
    engine.result = load(source);
    rune_wasm3_heap_close();
    if (rune_wasm3_heap_exhausted()) {
        engine.result = "the engine's heap is too small for the rune";
        return RUNE_ERROR_OUT_OF_MEMORY;
    }
    if (engine.result == m3Err_trapStackOverflow) {
        return RUNE_ERROR_STACK_OVERFLOW;
    }
    return engine.result == m3Err_none ? RUNE_OK : RUNE_ERROR_INVALID_MODULE;
}

static void start_call(void) {
    engine.budget->intValue = engine.budget_of_call;
    limit_native_stack();
}

static rune_status finish_call(M3Result result) {
    engine.result = result;
    engine.native_stack_end = 0;
    if (result == m3Err_none) {
        return RUNE_OK;
    }
    if ((int32_t)engine.budget->intValue < 0) {
        engine.result = out_of_budget;
        return RUNE_ERROR_BUDGET;
    }
    if (result == host_failed) {
        return engine.host_status;
    }
    return result == m3Err_trapStackOverflow ? RUNE_ERROR_STACK_OVERFLOW : RUNE_ERROR_TRAP;
}

rune_status rune_engine_manifest(void) {
    start_call();
    return finish_call(m3_CallV(engine.manifest));
}

rune_status rune_engine_call(void) {
    start_call();
    return finish_call(m3_CallV(engine.call, 0, 0, 0));
}

const char *rune_engine_trap_message(void) {
    static const char prefix[] = "[trap] ";
    const char *message = engine.result == m3Err_none ? "" : engine.result;
    size_t length = sizeof prefix - 1;
    return strlen(message) > length && memcmp(message, prefix, length) == 0 ? message + length : message;
}

uint32_t rune_engine_stage(void) {
    return rune_wasm3_stage == NULL ? 0 : (uint32_t)*rune_wasm3_stage;
}

uint32_t rune_engine_heap_used(void) {
    return rune_wasm3_heap_used();
}

uint8_t *rune_engine_memory(uint32_t *size) {
    return m3_GetMemory(engine.runtime, size, 0);
}
