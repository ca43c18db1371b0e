#pragma once
#include <malloc.h>
#include <stddef.h>
#include <string.h>

// Only there for those who define _GNU_SOURCE, which Swift does not.
void *memmem(const void *, size_t, const void *, size_t);
