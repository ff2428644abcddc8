#ifndef RUNE_AOT_H
#define RUNE_AOT_H

/* Between rune_engine_aot.c and the code of a rune that was compiled ahead of time (rune_code.c of a project, which
   includes rune_aot_code.h). */

#include <stdint.h>

#ifndef RUNE_AOT_STACK
/* Bytes of C stack that calls within the rune may take; host functions come on top. */
#define RUNE_AOT_STACK (sizeof(void *) == 4 ? 2560u : 16384u)
#endif

typedef enum rune_aot_trap_reason {
    RUNE_AOT_OUT_OF_BOUNDS = 1, /* a load, store, copy, fill or data segment leaves the linear memory */
    RUNE_AOT_UNREACHABLE,
    RUNE_AOT_DIVISION_BY_ZERO,
    RUNE_AOT_INTEGER_OVERFLOW,   /* INT_MIN / -1, or a float that no integer can hold */
    RUNE_AOT_INVALID_CONVERSION, /* NaN to an integer */
    RUNE_AOT_UNDEFINED_ELEMENT,  /* call_indirect beyond the table */
    RUNE_AOT_NULL_ELEMENT,
    RUNE_AOT_TYPE_MISMATCH, /* call_indirect of a function with another signature */
    RUNE_AOT_STACK_OVERFLOW,
    RUNE_AOT_OUT_OF_BUDGET,
    RUNE_AOT_TRAP_COUNT
} rune_aot_trap_reason;

/* --- what the engine gives to the code -------------------------------------------------------------------- */

/* Ends the call of the rune. A leaf: it calls nothing of the rune's code and reads nothing of its own variables, so
   that the compiler may keep them (the budget, above all) in registers. */
_Noreturn __attribute__((cold, noinline, leaf)) void rune_aot_trap(rune_aot_trap_reason reason);

/* The C stack may grow down to here. */
extern uintptr_t rune_aot_stack_end;

/* The number of the stage that the rune is in, from 1. */
extern uint32_t rune_aot_stage;

/* The imports; each ends the call of the rune when the host function fails. */
uint32_t rune_aot_debug(uint32_t, uint32_t);
uint32_t rune_aot_request_capability(uint32_t);
uint32_t rune_aot_request_capability_set_param(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);
uint32_t rune_aot_request_provider_response(uint32_t, uint32_t, uint32_t);
uint32_t rune_aot_request_output(uint32_t);
uint32_t rune_aot_consume_output(uint32_t, uint32_t, uint32_t);
uint32_t rune_aot_model_load(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);
uint32_t rune_aot_model_infer(uint32_t, uint32_t, uint32_t);
uint32_t rune_aot_resource_open(uint32_t, uint32_t);
uint32_t rune_aot_resource_read(uint32_t, uint32_t, uint32_t);
uint32_t rune_aot_resource_close(uint32_t);
/* Called after each change of the stage; only firmware that measures itself has it. */
void rune_aot_profile_stage(void);

/* --- what the code gives to the engine: call the first three through rune_aot_protect ----------------------- */

/* Memory, globals and table as the module declares them: the state before the first call. */
void rune_aot_instantiate(void);
void rune_aot_manifest(void);
void rune_aot_call(void);

extern const uint32_t rune_aot_memory_size;
extern uint8_t rune_aot_memory[];

/* What the calls that follow may execute, together: below 2^31. */
void rune_aot_set_budget(uint32_t budget);

#endif
