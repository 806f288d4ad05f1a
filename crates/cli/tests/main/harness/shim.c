/* Makes calls of the system fail that write, sync, rename, cut or create plain files, and reads and writes fall short; preloaded by the harness.
 *
 * EVENHAND_SHIM_FAMILY  write, sync, rename, truncate, create or read: whose calls are failed
 * EVENHAND_SHIM_AT      the call of the family that fails, from 1 on; 0: none
 * EVENHAND_SHIM_ERROR   its error, a number; -1: the program is killed instead
 * EVENHAND_SHIM_EVERY   from then on every so manieth call fails, too; 0: only that one
 * EVENHAND_SHIM_WRITE   most bytes that one write takes
 * EVENHAND_SHIM_READ    most bytes that one read gives
 * EVENHAND_SHIM_BUDGET  bytes that can be written in all, before the disk is full
 * EVENHAND_SHIM_LOG     file for the number of calls by family, and the names of the files whose calls failed
 *
 * Renames are caught by a filter of the kernel, for some libraries ask it without libc. What the program starts runs without the rest. Standard input, output and error output are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

enum family { WRITE, SYNC, RENAME, TRUNCATE, CREATE, READ, FAMILIES };
static const char *const NAMES[FAMILIES] = {"write", "sync", "rename", "truncate", "create", "read"};

static atomic_long calls[FAMILIES];
static atomic_long budget, written;
static long failed_family = -1, at, every, most_written, most_read;
static int error_number;
static char *log_path;
static char failed_names[65536];
static atomic_int failed_length;

static long number(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text && *text ? atol(text) : otherwise;
}

static void catch_renames(void);

__attribute__((constructor)) static void begin(void) {
    const char *family = getenv("EVENHAND_SHIM_FAMILY");
    for (int one = 0; family && one < FAMILIES; one++)
        if (!strcmp(family, NAMES[one])) failed_family = one;
    at = number("EVENHAND_SHIM_AT", 0);
    every = number("EVENHAND_SHIM_EVERY", 0);
    error_number = (int)number("EVENHAND_SHIM_ERROR", EIO);
    most_written = number("EVENHAND_SHIM_WRITE", 0);
    most_read = number("EVENHAND_SHIM_READ", 0);
    atomic_store(&budget, number("EVENHAND_SHIM_BUDGET", -1));
    log_path = getenv("EVENHAND_SHIM_LOG");
    if (log_path) log_path = strdup(log_path);
    unsetenv("LD_PRELOAD");
    catch_renames();
}

__attribute__((destructor)) static void end(void) {
    if (!log_path) return;
    char text[512];
    int length = 0;
    for (int one = 0; one < FAMILIES; one++) length += snprintf(text + length, sizeof text - length, "%s %ld\n", NAMES[one], atomic_load(&calls[one]));
    length += snprintf(text + length, sizeof text - length, "bytes %ld\n", atomic_load(&written));
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) return;
    if (syscall(SYS_write, fd, text, length) < 0 || syscall(SYS_write, fd, failed_names, atomic_load(&failed_length)) < 0) { /* the harness sees that it is short */ }
    syscall(SYS_close, fd);
}

static void remember(const char *name) {
    int length = (int)strlen(name), from = atomic_fetch_add(&failed_length, length + 8);
    if (from + length + 8 < (int)sizeof failed_names) {
        memcpy(failed_names + from, "failed ", 7);
        memcpy(failed_names + from + 7, name, length);
        failed_names[from + 7 + length] = '\n';
    } else {
        atomic_fetch_sub(&failed_length, length + 8);
    }
}

static void remember_file(int fd) {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    name[length > 0 ? length : 0] = 0;
    remember(name);
}

/* Whether this call of a family is one that fails. */
static int fails(enum family family) {
    long call = atomic_fetch_add(&calls[family], 1) + 1;
    if (family != failed_family || at == 0 || call < at) return 0;
    int chosen = call == at || (every && (call - at) % every == 0);
    if (chosen && error_number < 0) kill(getpid(), SIGKILL);
    return chosen;
}

static int plain(int fd) {
    struct stat found;
    return fd > 2 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

static long refuse(int number) {
    errno = number;
    return -1;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* How many of so many bytes may be written; 0 stands for an error, which is set. */
static size_t allowed(int fd, size_t count) {
    if (fails(WRITE)) {
        remember_file(fd);
        errno = error_number;
        return 0;
    }
    if (most_written && count > (size_t)most_written) count = most_written;
    long left = atomic_load(&budget);
    if (left >= 0) {
        if (left == 0) {
            remember_file(fd);
            errno = ENOSPC;
            return 0;
        }
        if ((long)count > left) count = left;
        atomic_fetch_sub(&budget, count);
    }
    atomic_fetch_add(&written, count);
    return count;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write);
    if (count == 0 || !plain(fd)) return real(fd, bytes, count);
    size_t taken = allowed(fd, count);
    return taken ? real(fd, bytes, taken) : -1;
}

#define POSITIONED(name, offset) \
    ssize_t name(int fd, const void *bytes, size_t count, offset place) { \
        REAL(name); \
        if (count == 0 || !plain(fd)) return real(fd, bytes, count, place); \
        size_t taken = allowed(fd, count); \
        return taken ? real(fd, bytes, taken, place) : -1; \
    }
POSITIONED(pwrite, off_t)
POSITIONED(pwrite64, off64_t)

/* A vector that is cut falls to its first part, which a writer has to take as any short write. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    if (!plain(fd)) return real(fd, parts, count);
    size_t whole = 0;
    for (int part = 0; part < count; part++) whole += parts[part].iov_len;
    if (whole == 0) return real(fd, parts, count);
    size_t taken = allowed(fd, whole);
    if (taken == 0) return -1;
    if (taken == whole) return real(fd, parts, count);
    while (count > 0 && parts->iov_len == 0) parts++, count--;
    return (ssize_t)syscall(SYS_write, fd, parts->iov_base, taken < parts->iov_len ? taken : parts->iov_len);
}

ssize_t copy_file_range(int from, off64_t *start, int to, off64_t *place, size_t count, unsigned flags) {
    REAL(copy_file_range);
    if (count == 0 || !plain(to)) return real(from, start, to, place, count, flags);
    size_t taken = allowed(to, count);
    return taken ? real(from, start, to, place, taken, flags) : -1;
}

ssize_t sendfile64(int to, int from, off64_t *start, size_t count) {
    static ssize_t (*real)(int, int, off64_t *, size_t);
    if (!real) real = (ssize_t(*)(int, int, off64_t *, size_t))dlsym(RTLD_NEXT, "sendfile64");
    if (count == 0 || !plain(to)) return real(to, from, start, count);
    size_t taken = allowed(to, count);
    return taken ? real(to, from, start, taken) : -1;
}

#define SYNCING(name) \
    int name(int fd) { \
        REAL(name); \
        if (fails(SYNC)) { \
            remember_file(fd); \
            return (int)refuse(error_number); \
        } \
        return real(fd); \
    }
SYNCING(fsync)
SYNCING(fdatasync)

#define CUTTING(name, offset) \
    int name(int fd, offset length) { \
        REAL(name); \
        if (plain(fd) && fails(TRUNCATE)) { \
            remember_file(fd); \
            return (int)refuse(error_number); \
        } \
        return real(fd, length); \
    }
CUTTING(ftruncate, off_t)
CUTTING(ftruncate64, off64_t)

#define OPENING(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        mode_t mode = 0; \
        if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) { \
            va_list more; \
            va_start(more, flags); \
            mode = va_arg(more, mode_t); \
            va_end(more); \
            if (fails(CREATE)) { \
                remember(path); \
                return (int)refuse(error_number); \
            } \
        } \
        return real(path, flags, mode); \
    }
OPENING(open)
OPENING(open64)

#define OPENING_AT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(name); \
        mode_t mode = 0; \
        if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) { \
            va_list more; \
            va_start(more, flags); \
            mode = va_arg(more, mode_t); \
            va_end(more); \
            if (fails(CREATE)) { \
                remember(path); \
                return (int)refuse(error_number); \
            } \
        } \
        return real(folder, path, flags, mode); \
    }
OPENING_AT(openat)
OPENING_AT(openat64)

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    /* No system interrupts it. */
    if (error_number != EINTR && fails(CREATE)) {
        remember(path);
        return (int)refuse(error_number);
    }
    return real(path, mode);
}

/* How many bytes a read may give; 0 stands for an error, which is set. */
static size_t given(int fd, size_t count) {
    if (fails(READ)) {
        remember_file(fd);
        errno = error_number;
        return 0;
    }
    return most_read && count > (size_t)most_read ? (size_t)most_read : count;
}

ssize_t read(int fd, void *bytes, size_t count) {
    REAL(read);
    if (count == 0 || !plain(fd)) return real(fd, bytes, count);
    size_t taken = given(fd, count);
    return taken ? real(fd, bytes, taken) : -1;
}

#define READING_AT(name, offset) \
    ssize_t name(int fd, void *bytes, size_t count, offset place) { \
        REAL(name); \
        if (count == 0 || !plain(fd)) return real(fd, bytes, count, place); \
        size_t taken = given(fd, count); \
        return taken ? real(fd, bytes, taken, place) : -1; \
    }
READING_AT(pread, off_t)
READING_AT(pread64, off64_t)

/* A renaming call that we make ourselves says so in an argument that it does not have. */
#define OWN 0x45564848

#if defined(__x86_64__)
#define ARGUMENT(context, place) ((long[]){(context)->uc_mcontext.gregs[REG_RDI], (context)->uc_mcontext.gregs[REG_RSI], (context)->uc_mcontext.gregs[REG_RDX], \
                                           (context)->uc_mcontext.gregs[REG_R10], (context)->uc_mcontext.gregs[REG_R8]}[place])
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define ARGUMENT(context, place) ((long)(context)->uc_mcontext.regs[place])
#define RESULT(context) ((context)->uc_mcontext.regs[0])
#endif

#ifdef RESULT
static void renamed(int signal, siginfo_t *told, void *state) {
    (void)signal;
    ucontext_t *context = state;
    int kept = errno, call = told->si_syscall;
    long to = ARGUMENT(context, 3);
#ifdef SYS_rename
    if (call == SYS_rename) to = ARGUMENT(context, 1);
#endif
    if (fails(RENAME)) {
        remember((const char *)to);
        RESULT(context) = -error_number;
    } else {
        long done = syscall(call, ARGUMENT(context, 0), ARGUMENT(context, 1), ARGUMENT(context, 2), ARGUMENT(context, 3), ARGUMENT(context, 4), OWN);
        RESULT(context) = done < 0 ? -errno : done;
    }
    errno = kept;
}

static void catch_renames(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = renamed;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSYS, &action, NULL);
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_rename
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rename, 3, 0),
#else
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat, 3, 0),
#endif
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#else
static void catch_renames(void) {}
#endif
