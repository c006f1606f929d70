/* payload.c — a regular file is mapped, so that even 256 MB cost no memory; everything else (pipes,
 * standard input) is read to its end. */
#include "cli/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/lines.h"

#define READ_SIZE_FIRST (64 * 1024)

static bool load_file(struct payload *payload, const struct options *options);
static bool load_stream(struct payload *payload, const struct options *options, int fd,
                        const char *name);
static bool refuse_size(const struct options *options, const char *name);

bool payload_load(struct payload *payload, const struct options *options)
{
    *payload = (struct payload){.bytes = bytes_of("", 0)};
    switch (options->source) {
    case PAYLOAD_TEXT:
        payload->bytes = bytes_of_text(options->payload_text);
        return payload->bytes.size <= PAYLOAD_SIZE_MAX || refuse_size(options, "-m");
    case PAYLOAD_FILE: return load_file(payload, options);
    case PAYLOAD_STDIN:
        if (!load_stream(payload, options, STDIN_FILENO, "standard input")) {
            return false;
        }
        if (payload->bytes.size == 0) {
            say_mistake(&options->voice, "Standard input is empty.");
            say_hint(&options->voice, "An empty message is sent by -n.");
            return false;
        }
        return true;
    case PAYLOAD_NONE:
    case PAYLOAD_EMPTY:
    case PAYLOAD_LINES: break;
    }
    return true;
}

void payload_fini(struct payload *payload)
{
    if (payload->mapped) {
        munmap(payload->mapped, payload->bytes.size);
    }
    free(payload->owned);
}

static bool load_file(struct payload *payload, const struct options *options)
{
    const char *path = options->payload_path;
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        say_mistake(&options->voice, "Unable to read %s: %s.", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    bool is_good = false;
    if (S_ISREG(status.st_mode) && status.st_size > (off_t)PAYLOAD_SIZE_MAX) {
        refuse_size(options, path);
    } else if (S_ISREG(status.st_mode) && status.st_size > 0) {
        void *mapped = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        is_good = mapped != MAP_FAILED;
        if (is_good) {
            payload->mapped = mapped;
            payload->bytes = bytes_of(mapped, (size_t)status.st_size);
        } else {
            say_mistake(&options->voice, "Unable to read %s: %s.", path, strerror(errno));
        }
    } else {
        is_good = load_stream(payload, options, fd, path);
    }
    close(fd);
    return is_good;
}

static bool load_stream(struct payload *payload, const struct options *options, int fd,
                        const char *name)
{
    uint8_t *data = NULL;
    size_t size = 0, capacity = 0;
    for (;;) {
        if (size == capacity) {
            capacity = capacity ? capacity * 2 : READ_SIZE_FIRST;
            uint8_t *more = realloc(data, capacity);
            if (!more) {
                say_mistake(&options->voice, "%s: out of memory.", name);
                break;
            }
            data = more;
        }
        ssize_t step = read(fd, data + size, capacity - size);
        if (step < 0 && errno == EINTR) {
            continue;
        }
        if (step < 0) {
            say_mistake(&options->voice, "Unable to read %s: %s.", name, strerror(errno));
            break;
        }
        if (step == 0) {
            payload->owned = data;
            payload->bytes = bytes_of(data, size);
            return true;
        }
        size += (size_t)step;
        if (size > PAYLOAD_SIZE_MAX) {
            refuse_size(options, name);
            break;
        }
    }
    free(data);
    return false;
}

static bool refuse_size(const struct options *options, const char *name)
{
    say_mistake(&options->voice, "%s: a message is at most %u bytes.", name, PAYLOAD_SIZE_MAX);
    return false;
}
