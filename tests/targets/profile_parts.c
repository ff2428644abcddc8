/* Room for the parts of a rune's call, as a firmware's image has it. */
#include "rune_profile.h"

rune_profile_part rune_profile_parts[8];
const uint32_t rune_profile_part_count = 8;
