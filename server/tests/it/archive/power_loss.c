// What a disk is bound to have after a loss of power, kept beside the data folder; loaded with LD_PRELOAD.
//
// fsync and fdatasync of a file copy its bytes to POWER_LOSS_DURABLE as bytes%INODE-BIRTH; of a folder they write its
// names to names%PATH: a line each, kind (f or d), INODE-BIRTH, name. Nothing else is durable. Only what lies under
// POWER_LOSS_LIVE counts. A copy replaces the one before in one step, so that a kill during it leaves the one before:
// the caller had not been answered yet.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int (*real_fsync)(int);

__attribute__((constructor)) static void begin(void) { real_fsync = dlsym(RTLD_NEXT, "fsync"); }

// Inodes are used again; with the time of birth beside it a number means one file.
static int identity(int folder, const char *name, char *to, size_t size) {
  struct statx found;
  int flags = name[0] ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;
  if (statx(folder, name, flags, STATX_INO | STATX_BTIME | STATX_MODE, &found)) return -1;
  snprintf(to, size, "%llu-%lld.%u", (unsigned long long)found.stx_ino,
           (long long)found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
  return S_ISDIR(found.stx_mode) ? 'd' : 'f';
}

static int copy_bytes(int from, const char *to) {
  char part[PATH_MAX * 3], buffer[1 << 16];
  snprintf(part, sizeof part, "%s.part%d", to, (int)syscall(SYS_gettid));
  int out = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (out < 0) return -1;
  off_t at = 0;
  ssize_t got;
  while ((got = pread(from, buffer, sizeof buffer, at)) > 0) {
    if (write(out, buffer, got) != got) got = -1;
    if (got < 0) break;
    at += got;
  }
  struct stat found;
  if (fstat(from, &found) == 0) {
    struct timespec times[2] = {found.st_atim, found.st_mtim};
    futimens(out, times);
  }
  close(out);
  return got == 0 ? rename(part, to) : -1;
}

static int write_names(const char *path, const char *to) {
  char part[PATH_MAX * 3], id[96];
  snprintf(part, sizeof part, "%s.part%d", to, (int)syscall(SYS_gettid));
  DIR *folder = opendir(path);
  FILE *out = fopen(part, "w");
  if (!folder || !out) return -1;
  struct dirent *entry;
  while ((entry = readdir(folder))) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    int kind = identity(dirfd(folder), entry->d_name, id, sizeof id);
    if (kind > 0) fprintf(out, "%c %s %s\n", kind, id, entry->d_name);
  }
  closedir(folder);
  return fclose(out) == 0 ? rename(part, to) : -1;
}

static int sync_one(int fd) {
  const char *live = getenv("POWER_LOSS_LIVE"), *durable = getenv("POWER_LOSS_DURABLE");
  char link[64], path[PATH_MAX], to[PATH_MAX * 2], id[96];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (!live || !durable || length < 0) return real_fsync(fd);
  path[length] = 0;
  size_t root = strlen(live);
  if (strncmp(path, live, root) || (path[root] && path[root] != '/')) return real_fsync(fd);
  if (getenv("POWER_LOSS_IGNORES_FSYNC")) return 0;
  int kind = identity(fd, "", id, sizeof id), failed;
  if (kind == 'd') {
    const char *relative = path[root] ? path + root + 1 : "";
    size_t head = snprintf(to, sizeof to, "%s/names%%", durable);
    snprintf(to + head, sizeof to - head, "%s", relative);
    for (char *at = to + head; *at; at++)
      if (*at == '/') *at = '%';
    failed = write_names(path, to);
  } else {
    snprintf(to, sizeof to, "%s/bytes%%%s", durable, id);
    // A descriptor that only writes cannot be read from.
    int reading = open(link, O_RDONLY);
    failed = reading < 0 ? -1 : copy_bytes(reading, to);
    if (reading >= 0) close(reading);
  }
  if (failed) {
    errno = EIO;
    return -1;
  }
  return 0;
}

int fsync(int fd) { return sync_one(fd); }
int fdatasync(int fd) { return sync_one(fd); }
