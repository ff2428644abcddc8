#ifndef RUNE_ABI_H
#define RUNE_ABI_H

/* The rune's side of the binary interface: imports of the module `env`, and the helpers that the generated
   pipeline calls. Handles, kinds and value types are listed in docs/rune-format.md. */

#include <stdint.h>

#include "rune_tensor.h"

#define RUNE_IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
#define RUNE_EXPORT(name) __attribute__((export_name(#name)))

RUNE_IMPORT(_debug) uint32_t rune_import_debug(const char *text, uint32_t length);
RUNE_IMPORT(request_capability) uint32_t rune_request_capability(uint32_t kind);
RUNE_IMPORT(request_capability_set_param)
uint32_t rune_set_parameter(uint32_t handle, const char *name, uint32_t name_length, const void *value,
                            uint32_t value_length, uint32_t value_type);
RUNE_IMPORT(request_provider_response)
uint32_t rune_read_capability(void *buffer, uint32_t length, uint32_t handle);
RUNE_IMPORT(request_output) uint32_t rune_request_output(uint32_t kind);
RUNE_IMPORT(consume_output) uint32_t rune_consume_output(uint32_t handle, const void *data, uint32_t length);
RUNE_IMPORT(rune_model_load)
uint32_t rune_model_load(const char *mimetype, uint32_t mimetype_length, const char *model, uint32_t model_length,
                         const rune_string *inputs, uint32_t input_count, const rune_string *outputs,
                         uint32_t output_count);
RUNE_IMPORT(rune_model_infer)
uint32_t rune_model_infer(uint32_t handle, const void *const *inputs, void *const *outputs);
RUNE_IMPORT(rune_resource_open) uint32_t rune_resource_open(const char *name, uint32_t length);

/* The stage that runs, by its number: a wasm global, so that the host can read it whatever becomes of the memory. One
   file of a rune defines it. */
#define RUNE_DEFINE_STAGE __asm__(".globaltype rune_stage, i32\n.globl rune_stage\nrune_stage:\n")
#define RUNE_SET_STAGE(number) __asm__ volatile("i32.const %0\n\tglobal.set rune_stage" : : "i"(number))

/* Appends a tensor in the TENSOR form at `position` of `buffer`, which has room for `capacity` bytes; returns the
   new position. Fails as stage `stage` when its text is longer than the room that was planned for it. */
uint32_t rune_append_tensor(const char *stage, uint8_t *buffer, uint32_t position, uint32_t capacity,
                            const rune_tensor *tensor);

#endif
