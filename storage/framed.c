/* framed.c - see framed.h. Records are read with pread and written with pwrite rather than through a mapping, so
 * that a full disk or a bad sector is an error code and not a SIGBUS. */
#include "storage/framed.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "common/plant.h"
#include "storage/crc32c.h"
#include "storage/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 12, FOOT = 4 };

struct sl_framed {
    char *path;
    int fd;
    bool read_only, broken; /* broken: a failed append could not be taken back */
    int64_t max_bytes, end; /* end: where the next record goes */
    int64_t cut_bytes;
    size_t max_record;
    int64_t *starts; /* (capacity) offset of each record */
    int64_t count, capacity;
    uint8_t *buffer; /* of the last read */
    size_t buffer_bytes;
};

// TFRecord's mask: a CRC stored beside the data that it covers must not look like a CRC of itself
static uint32_t masked_crc(const void *bytes, size_t n_bytes) {
    uint32_t crc = sl_crc32c(bytes, n_bytes);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static void put_le(uint8_t *at, uint64_t value, int n_bytes) {
    for (int i = 0; i < n_bytes; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_le(const uint8_t *at, int n_bytes) {
    uint64_t value = 0;
    for (int i = 0; i < n_bytes; i++) value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static sl_status reserve_start(sl_framed *self) {
    if (self->count < self->capacity) return SL_OK;
    int64_t capacity = self->capacity ? 2 * self->capacity : 256;
    int64_t *starts = sl_alloc_array((size_t)capacity, sizeof *starts);
    if (!starts) return sl_fail(SL_MEMORY, NULL, "cannot allocate the index of %s", self->path);
    if (self->starts) memcpy(starts, self->starts, (size_t)self->count * sizeof *starts);
    sl_free(self->starts);
    self->starts = starts;
    self->capacity = capacity;
    return SL_OK;
}

static void add_start(sl_framed *self, int64_t start) {
    SL_ASSERT(self->starts && self->count < self->capacity);
    self->starts[self->count++] = start;
}

static sl_status reserve_buffer(sl_framed *self, size_t n_bytes) {
    if (n_bytes <= self->buffer_bytes) return SL_OK;
    uint8_t *buffer = sl_alloc(n_bytes);
    if (!buffer) return sl_fail(SL_MEMORY, NULL, "cannot allocate %zu bytes to read %s", n_bytes, self->path);
    sl_free(self->buffer);
    self->buffer = buffer;
    self->buffer_bytes = n_bytes;
    return SL_OK;
}

static sl_status read_at(const sl_framed *self, int64_t at, uint8_t *bytes, size_t n_bytes) {
    for (size_t done = 0; done < n_bytes;) {
        ssize_t n = pread(self->fd, bytes + done, n_bytes - done, at + (int64_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return sl_file_fail("read", self->path);
        if (n == 0) return sl_fail(SL_CORRUPT, NULL, "%s became shorter while it was open", self->path);
        done += (size_t)n;
    }
    return SL_OK;
}

// whether the bytes [at, size) are all zero: after a loss of power a file may be longer than what was written
static sl_status is_zero(const sl_framed *self, int64_t at, int64_t size, bool *zero) {
    uint8_t chunk[4096];
    *zero = true;
    while (at < size && *zero) {
        size_t n = size - at < (int64_t)sizeof chunk ? (size_t)(size - at) : sizeof chunk;
        SL_TRY(read_at(self, at, chunk, n));
        for (size_t i = 0; i < n; i++) *zero = *zero && chunk[i] == 0;
        at += (int64_t)n;
    }
    return SL_OK;
}

// what does not check is a torn tail when nothing but zeros follows it, and damage otherwise
static sl_status tail_or_damage(const sl_framed *self, int64_t zero_from, int64_t size) {
    bool zero;
    SL_TRY(is_zero(self, zero_from, size, &zero));
    if (zero) return SL_OK;
    return sl_fail(SL_CORRUPT, "restore the file from a copy, or delete it",
                   "%s is damaged in the record at byte %lld", self->path, (long long)self->end);
}

// takes the record at self->end into the index; *whole is false at the end and at a torn tail
static sl_status scan_next(sl_framed *self, int64_t size, bool *whole) {
    uint8_t head[HEAD];
    int64_t start = self->end, rest = size - start;
    *whole = false;
    if (rest < HEAD) return SL_OK;
    SL_TRY(read_at(self, start, head, HEAD));
    if (get_le(head + 8, 4) != masked_crc(head, 8)) return tail_or_damage(self, start, size);
    uint64_t n = get_le(head, 8);
    if (n > self->max_record) {
        return sl_fail(SL_CORRUPT, NULL, "%s has a record of %llu bytes at byte %lld, more than the %zu allowed",
                       self->path, (unsigned long long)n, (long long)start, self->max_record);
    }
    if (rest < SL_FRAMED_OVERHEAD || n > (uint64_t)rest - SL_FRAMED_OVERHEAD) return SL_OK;
    SL_TRY(reserve_buffer(self, (size_t)n + FOOT));
    SL_TRY(read_at(self, start + HEAD, self->buffer, (size_t)n + FOOT));
    int64_t end = start + SL_FRAMED_OVERHEAD + (int64_t)n;
    // the last record may be torn in its pages too; anything after it says that it was whole once
    if (get_le(self->buffer + n, 4) != masked_crc(self->buffer, (size_t)n)) return tail_or_damage(self, end, size);
    if (SL_PLANTED(last_record_cut) && end == size) return SL_OK;
    SL_TRY(reserve_start(self));
    add_start(self, start);
    self->end = end;
    *whole = true;
    return SL_OK;
}

static sl_status index_file(sl_framed *self) {
    struct stat about;
    if (fstat(self->fd, &about) != 0) return sl_file_fail("read", self->path);
    if (!S_ISREG(about.st_mode))
        return sl_fail(SL_CORRUPT, "a folder, a pipe or a device lies in its place",
                       "cannot read %s: not a regular file", self->path);
    bool whole = true;
    while (whole) SL_TRY(scan_next(self, about.st_size, &whole));
    self->cut_bytes = about.st_size - self->end;
    return SL_OK;
}

static sl_status prepare_writer(sl_framed *self) {
    if (flock(self->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return sl_file_fail("lock", self->path);
        return sl_fail(SL_IO, "another process of Starling writes this log", "%s is in use", self->path);
    }
    SL_TRY(index_file(self));
    if (self->cut_bytes && ftruncate(self->fd, self->end) != 0)
        return sl_file_fail("cut the torn tail of", self->path);
    // a new log's name has to last as long as its records
    return self->end == 0 ? sl_file_sync_folder_of(self->path) : SL_OK;
}

static sl_status open_log(const char *path, int flags, sl_framed *self) {
    self->path = sl_alloc_string(path);
    if (!self->path) return sl_fail(SL_MEMORY, NULL, "cannot allocate a log for %s", path);
    self->fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0666);
    if (self->fd < 0) return sl_file_fail("open", path);
    return self->read_only ? index_file(self) : prepare_writer(self);
}

static sl_status create(const char *path, int flags, sl_framed def, sl_framed **out) {
    sl_framed *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "cannot allocate a log for %s", path);
    *self = def;
    self->fd = -1;
    sl_status status = open_log(path, flags, self);
    if (status != SL_OK) {
        sl_framed_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

sl_status sl_framed_open(const char *path, int64_t max_bytes, size_t max_record, sl_framed **out) {
    return create(path, O_RDWR | O_CREAT, (sl_framed){.max_bytes = max_bytes, .max_record = max_record}, out);
}

sl_status sl_framed_open_read(const char *path, size_t max_record, sl_framed **out) {
    return create(path, O_RDONLY, (sl_framed){.read_only = true, .max_record = max_record}, out);
}

void sl_framed_close(sl_framed **self_pointer) {
    sl_framed *self = *self_pointer;
    if (!self) return;
    if (self->fd >= 0) (void)close(self->fd);
    sl_free(self->path);
    sl_free(self->starts);
    sl_free(self->buffer);
    sl_free(self);
    *self_pointer = NULL;
}

int64_t sl_framed_count(const sl_framed *self) {
    return self->count;
}

int64_t sl_framed_bytes(const sl_framed *self) {
    return self->end;
}

int64_t sl_framed_cut_bytes(const sl_framed *self) {
    return self->cut_bytes;
}

static bool write_at(int fd, int64_t at, const uint8_t *bytes, size_t n_bytes) {
    while (n_bytes > 0) {
        ssize_t n = pwrite(fd, bytes, n_bytes, at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        at += n;
        n_bytes -= (size_t)n;
    }
    return true;
}

static sl_status cut_to(sl_framed *self, int64_t end) {
    if (ftruncate(self->fd, end) == 0) return SL_OK;
    self->broken = true;
    return sl_file_fail("shorten", self->path);
}

static sl_status check_writable(const sl_framed *self) {
    if (self->read_only) return sl_fail(SL_IO, NULL, "%s is open for reading only", self->path);
    if (self->broken) return sl_fail(SL_IO, NULL, "%s could not be repaired after a failed write", self->path);
    return SL_OK;
}

sl_status sl_framed_append(sl_framed *self, const void *bytes, size_t n_bytes) {
    SL_TRY(check_writable(self));
    if (n_bytes > self->max_record) {
        return sl_fail(SL_FULL, NULL, "%s takes records of at most %zu bytes, not %zu", self->path, self->max_record,
                       n_bytes);
    }
    if ((int64_t)n_bytes > self->max_bytes - self->end - SL_FRAMED_OVERHEAD) {
        return sl_fail(SL_FULL, NULL, "%s is full: %lld of %lld bytes", self->path, (long long)self->end,
                       (long long)self->max_bytes);
    }
    SL_TRY(reserve_start(self));

    uint8_t head[HEAD], foot[FOOT];
    put_le(head, n_bytes, 8);
    put_le(head + 8, masked_crc(head, 8), 4);
    put_le(foot, masked_crc(bytes, n_bytes), 4);
    int64_t at = self->end;
    if (!write_at(self->fd, at, head, HEAD) || !write_at(self->fd, at + HEAD, bytes, n_bytes) ||
        !write_at(self->fd, at + HEAD + (int64_t)n_bytes, foot, FOOT)) {
        sl_status status = sl_file_fail("append to", self->path);
        // a half record must not stay: the next append would come after it
        return cut_to(self, self->end) == SL_OK ? status : SL_IO;
    }
    add_start(self, at);
    self->end = at + SL_FRAMED_OVERHEAD + (int64_t)n_bytes;
    return SL_OK;
}

sl_status sl_framed_sync(sl_framed *self) {
    SL_TRY(check_writable(self));
    return fdatasync(self->fd) == 0 ? SL_OK : sl_file_fail("sync", self->path);
}

sl_status sl_framed_read(sl_framed *self, int64_t i, const uint8_t **bytes, size_t *n_bytes) {
    SL_ASSERT(i >= 0 && i < self->count);
    int64_t start = self->starts[i];
    size_t frame = (size_t)((i + 1 < self->count ? self->starts[i + 1] : self->end) - start);
    size_t n = frame - SL_FRAMED_OVERHEAD;
    SL_TRY(reserve_buffer(self, frame));
    SL_TRY(read_at(self, start, self->buffer, frame));
    if (get_le(self->buffer, 8) != n || get_le(self->buffer + 8, 4) != masked_crc(self->buffer, 8) ||
        get_le(self->buffer + HEAD + n, 4) != masked_crc(self->buffer + HEAD, n)) {
        return sl_fail(SL_CORRUPT, NULL, "%s is damaged in the record at byte %lld", self->path, (long long)start);
    }
    *bytes = self->buffer + HEAD;
    *n_bytes = n;
    return SL_OK;
}
