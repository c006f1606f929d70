/* banned.h — functions we do not call, as compile errors.
 *
 * CMake includes this before each of our sources (-include). Every banned function is declared
 * here, exactly as its own header declares it, with a mark that makes a call an error (warnings are
 * errors, and a deprecated declaration warns where it is used). No header is included, so the
 * features a source asks for (_GNU_SOURCE) still work. alloca and variable length arrays are
 * refused by -Walloca and -Wvla. */
#ifndef MIDGE_BASE_BANNED_H
#define MIDGE_BASE_BANNED_H

#define MIDGE_BANNED(instead) __attribute__((deprecated("banned: " instead)))

MIDGE_BANNED("no bound; copy with memcpy and a checked size")
char *strcpy(char *restrict to, const char *restrict from);
MIDGE_BANNED("no bound; use snprintf or memcpy")
char *strcat(char *restrict to, const char *restrict from);
MIDGE_BANNED("no bound; use snprintf")
int sprintf(char *restrict to, const char *restrict format, ...);
MIDGE_BANNED("no bound; use vsnprintf")
int vsprintf(char *restrict to, const char *restrict format, __builtin_va_list values);
MIDGE_BANNED("no bound; use fgets")
char *gets(char *to);
MIDGE_BANNED("hidden state; walk the text with strchr or strcspn")
char *strtok(char *restrict text, const char *restrict separators);
MIDGE_BANNED("no errors; use strtol and check its end")
int atoi(const char *text);
MIDGE_BANNED("no errors; use strtol and check its end")
long atol(const char *text);
MIDGE_BANNED("no errors; use strtod and check its end")
double atof(const char *text);
MIDGE_BANNED("hidden state; randomness comes from a seed, see base/random.h")
int rand(void);
MIDGE_BANNED("waits for time instead of an event; use a deadline")
unsigned int sleep(unsigned int seconds);
MIDGE_BANNED("waits for time instead of an event; use a deadline")
int usleep(unsigned int microseconds);

#endif
