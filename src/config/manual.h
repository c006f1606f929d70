/* manual.h — the directives as a chapter of the manual page midge.conf(5). */
#ifndef MIDGE_CONFIG_MANUAL_H
#define MIDGE_CONFIG_MANUAL_H

#include <stdio.h>

/* Writes every row of directives.def, by groups, in the language of man pages. */
void manual_write_directives(FILE *page);

#endif
