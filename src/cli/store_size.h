/* store_size.h — sizes for people: "17 bytes", "1.4 MiB". */
#ifndef MIDGE_CLI_STORE_SIZE_H
#define MIDGE_CLI_STORE_SIZE_H

#include <stdint.h>

enum { STORE_SIZE_TEXT = 32 };

/* Writes into `text`, which it returns. */
const char *store_size_text(uint64_t size, char text[STORE_SIZE_TEXT]);

#endif
