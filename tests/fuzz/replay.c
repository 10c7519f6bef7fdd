/* replay.c - runs a fuzz target over the files of a folder, for builds without libFuzzer: what was once found stays
 * found. The folder is the only argument; an empty one fails, so that the test cannot pass by doing nothing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

enum { MAX_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static int replay(const char *path) {
    static uint8_t bytes[MAX_BYTES];
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    size_t n_bytes = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    // every eighth cut of a file reaches the decoder's "too short" branches
    for (size_t n = 0; n < n_bytes; n += n_bytes / 8 + 1) LLVMFuzzerTestOneInput(bytes, n);
    LLVMFuzzerTestOneInput(bytes, n_bytes);
    return 1;
}

int main(int argc, char **argv) {
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "replay: a corpus folder is wanted\n");
        return 2;
    }
    int n_files = 0;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char path[1024];
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) n_files += replay(path);
    }
    closedir(folder);
    printf("%d files replayed\n", n_files);
    return n_files > 0 ? 0 : 1;
}
