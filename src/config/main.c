/* main.c — midge-manual TEMPLATE [PAGE]: writes midge.conf(5), or checks the one that is there.
 *
 * The template is the page with one line ".\" DIRECTIVES" where the rows of directives.def go.
 * Without PAGE the result goes to stdout. With it nothing is written: the exit status is 1 when
 * PAGE is not what would be written. */
#include "config/config_files.h"
#include "config/manual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char mark[] = ".\\\" DIRECTIVES\n";

static char *read_text(const char *path, size_t *size);
static void write_page(FILE *page, const char *template, size_t size);

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: midge-manual TEMPLATE [PAGE]\n");
        return 2;
    }
    size_t template_size;
    char *template = read_text(argv[1], &template_size);
    if (!template) {
        return 2;
    }
    int status = 0;
    if (argc == 2) {
        write_page(stdout, template, template_size);
    } else {
        char *wanted = NULL, *page;
        size_t wanted_size = 0, page_size = 0;
        FILE *stream = open_memstream(&wanted, &wanted_size);
        page = read_text(argv[2], &page_size);
        if (!stream || !page) {
            return 2;
        }
        write_page(stream, template, template_size);
        fclose(stream);
        if (wanted_size != page_size || memcmp(wanted, page, page_size) != 0) {
            fprintf(stderr,
                    "%s is stale: directives.def or the template has changed; run\n"
                    "    cmake --build BUILD --target manual\n",
                    argv[2]);
            status = 1;
        }
        free(wanted);
        free(page);
    }
    free(template);
    return status;
}

/* With a zero behind it; NULL after saying why. */
static char *read_text(const char *path, size_t *size)
{
    char *bytes;
    const char *why;
    if (!config_files_read(path, &bytes, size, &why)) {
        fprintf(stderr, "%s: %s\n", path, why);
        return NULL;
    }
    char *text = realloc(bytes, *size + 1);
    if (!text) {
        free(bytes);
        return NULL;
    }
    text[*size] = '\0';
    return text;
}

static void write_page(FILE *page, const char *template, size_t size)
{
    const char *at = strstr(template, mark);
    if (!at) {
        fwrite(template, 1, size, page);
        return;
    }
    size_t before = (size_t)(at - template);
    fwrite(template, 1, before, page);
    manual_write_directives(page);
    fwrite(at + strlen(mark), 1, size - before - strlen(mark), page);
}
