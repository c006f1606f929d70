/* lmdb_birth.h — makes a store's file, so that whoever finds it under its name finds it whole. */
#ifndef MIDGE_STORE_LMDB_BIRTH_H
#define MIDGE_STORE_LMDB_BIRTH_H

#include "store/store_terms.h"

/* Makes the file, with its folders, where it is missing. False: failure says why. */
bool lmdb_birth(const char *path, char failure[STORE_WORDS_SIZE]);

#endif
