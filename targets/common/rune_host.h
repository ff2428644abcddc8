#ifndef RUNE_HOST_H
#define RUNE_HOST_H

/* The functions that a rune imports (docs/rune-format.md), written once for every engine. An engine passes the
   rune's arguments as they are; every pointer, length, alignment and handle among them is checked here. A
   status other than RUNE_OK, with the failure noted (rune_failure.h), must end the rune's call as a trap.
   `*result` is what the import returns to the rune. */

#include <stdbool.h>
#include <stdint.h>

#include "rune_board.h"
#include "rune_image.h"
#include "rune_module.h"
#include "rune_status.h"

#ifndef RUNE_MAX_HANDLES
#define RUNE_MAX_HANDLES 32 /* capabilities, models, outputs and resources together; 12 bytes of RAM each */
#endif
#ifndef RUNE_MAX_CAPABILITIES
#define RUNE_MAX_CAPABILITIES 6 /* 236 bytes of RAM each, with the default number of parameters */
#endif

/* Forgets every handle. Called before a (re)start of the rune; all three must stay. */
void rune_host_start(const rune_board *board, const rune_image *image, const rune_module *module);

/* Whether the rune reads a sensor: then a call takes its time from the sensor's data, else from a clock. */
bool rune_host_has_sensor(void);

/* Calls the reset of every driver of the board, and of those that take their data from the host. */
void rune_host_reset_drivers(const rune_board *board);

rune_status rune_host_debug(uint32_t text, uint32_t length, uint32_t *result);
rune_status rune_host_request_capability(uint32_t kind, uint32_t *result);
rune_status rune_host_request_capability_set_param(uint32_t handle, uint32_t name, uint32_t name_length,
                                                   uint32_t value, uint32_t value_length, uint32_t value_type,
                                                   uint32_t *result);
rune_status rune_host_request_provider_response(uint32_t buffer, uint32_t length, uint32_t handle,
                                                uint32_t *result);
rune_status rune_host_request_output(uint32_t kind, uint32_t *result);
rune_status rune_host_consume_output(uint32_t handle, uint32_t data, uint32_t length, uint32_t *result);
rune_status rune_host_model_load(uint32_t mimetype, uint32_t mimetype_length, uint32_t model,
                                 uint32_t model_length, uint32_t inputs, uint32_t input_count, uint32_t outputs,
                                 uint32_t output_count, uint32_t *result);
rune_status rune_host_model_infer(uint32_t handle, uint32_t inputs, uint32_t outputs, uint32_t *result);
rune_status rune_host_resource_open(uint32_t name, uint32_t length, uint32_t *result);
rune_status rune_host_resource_read(uint32_t handle, uint32_t buffer, uint32_t length, uint32_t *result);
rune_status rune_host_resource_close(uint32_t handle, uint32_t *result);

#endif
