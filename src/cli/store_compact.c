/* store_compact.c — midge store compact: the store copies itself; we say what came of it. */
#include "cli/store_compact.h"

#include <stdio.h>

#include "cli/store_size.h"
#include "store/store_lmdb.h"

int store_compact(const struct store_arguments *arguments)
{
    char failure[STORE_WORDS_SIZE] = "";
    struct store_lmdb_compaction compaction;
    if (!store_lmdb_compact(arguments->path, &compaction, failure)) {
        say_mistake(&arguments->voice, "%s", failure);
        return STORE_EXIT_NOT_DONE;
    }
    char before[STORE_SIZE_TEXT], after[STORE_SIZE_TEXT];
    printf("%s: %s, before %s\n", arguments->path, store_size_text(compaction.bytes_after, after),
           store_size_text(compaction.bytes_before, before));
    return STORE_EXIT_OK;
}
