/* make_wire_corpus.c — writes the corpus of the codec's fuzz targets from packets.def and
 * malformed.def: make_wire_corpus FOLDER, where FOLDER is tests/fuzz/corpus.
 *
 * A file holds what one side may send in one version, one file for each packet type and one for the
 * malformed: the version's number less 3, then the packets one after another. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/packets.h"

static FILE *open_in(const char *folder, const char *target, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, target);
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        perror(path);
        exit(1);
    }
    snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        exit(1);
    }
    return file;
}

static void append(FILE *file, const char *text)
{
    uint8_t bytes[PACKET_ROW_SIZE_MAX];
    fwrite(bytes, 1, packet_row_bytes(text, bytes), file);
}

static void write_packets(const char *folder, const char *target, uint8_t sender,
                          enum protocol_version version, enum packet_type type)
{
    FILE *file = NULL;
    for (size_t i = 0; i < PACKET_ROW_COUNT; i++) {
        const struct packet_row *row = &PACKET_ROWS[i];
        if (row->packet.type != type || !(row->senders & sender) ||
            !(row->versions & packet_version_bit(version)))
            continue;
        if (!file) {
            char name[32];
            snprintf(name, sizeof name, "type_%d_version_%d", type, version);
            file = open_in(folder, target, name);
            fputc(version - PROTOCOL_3_1, file);
        }
        append(file, row->text);
    }
    if (file)
        fclose(file);
}

static void write_malformed(const char *folder, const char *target, uint8_t sender,
                            enum protocol_version version)
{
    char name[32];
    snprintf(name, sizeof name, "malformed_version_%d", version);
    FILE *file = open_in(folder, target, name);
    fputc(version - PROTOCOL_3_1, file);
    for (size_t i = 0; i < MALFORMED_ROW_COUNT; i++) {
        const struct malformed_row *row = &MALFORMED_ROWS[i];
        if (row->senders & sender && row->versions & packet_version_bit(version))
            append(file, row->text);
    }
    fclose(file);
}

static void write_frame(const char *folder, const char *name, const char *text)
{
    FILE *file = open_in(folder, "fuzz_frame", name);
    append(file, text);
    fclose(file);
}

int main(int count, char **words)
{
    if (count != 2) {
        fprintf(stderr, "usage: %s tests/fuzz/corpus\n", words[0]);
        return 2;
    }
    for (uint8_t sender = CLIENT; sender <= SERVER; sender++) {
        const char *target = sender == CLIENT ? "fuzz_wire_server" : "fuzz_wire_client";
        for (enum protocol_version version = PROTOCOL_3_1; version <= PROTOCOL_5; version++) {
            for (enum packet_type type = PACKET_CONNECT; type <= PACKET_AUTH; type++)
                write_packets(words[1], target, sender, version, type);
            write_malformed(words[1], target, sender, version);
        }
    }
    write_frame(words[1], "empty_body", "c000");
    write_frame(words[1], "one_byte_of_length", "30 05 0001 'txx'");
    write_frame(words[1], "two_bytes_of_length", "30 8001 61*128");
    write_frame(words[1], "three_bytes_of_length", "30 808001");
    write_frame(words[1], "longest", "30 ffffff7f");
    write_frame(words[1], "five_bytes_of_length", "30 ffffffff7f");
    write_frame(words[1], "more_bytes_than_needed", "30 808000");
    return 0;
}
