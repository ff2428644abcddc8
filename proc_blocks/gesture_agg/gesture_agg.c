/* Gestures: the class with the largest average; shared with the other aggregators. */
#include "rune_aggregator.h"
