/*
 * Makes system calls fail that the addon makes, one by one: preloaded (LD_PRELOAD) into the processes of
 * `npm run faults`. What is to fail is read from a file that both sides map; shim.js writes it. A call is the
 * addon's if it returns into `ferripc*.node`; with FERRIPC_FAULTS_OF=node it is that of Node itself, to compare. The wall clock can be shifted for the whole process.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The names, in the order of shim.js. */
#define CALLS(X)                                                                                                  \
  X(socket) X(connect) X(bind) X(listen) X(accept4) X(send) X(sendto) X(sendmsg) X(sendmmsg) X(recv) X(recvfrom)   \
  X(recvmsg) X(recvmmsg) X(read) X(readv) X(write) X(writev) X(epoll_create1) X(epoll_ctl) X(epoll_wait)          \
  X(eventfd) X(getsockopt) X(setsockopt) X(getsockname) X(getpeername) X(shutdown) X(ioctl) X(fcntl) X(open)      \
  X(open64) X(flock) X(fstat) X(fstat64) X(stat64) X(lstat64) X(rename) X(unlink) X(rmdir) X(mkdir) X(chmod)      \
  X(fchmod) X(fchmodat) X(close) X(mmap64) X(mprotect) X(pthread_create) X(socketpair) X(poll) X(opendir)          \
  X(fstatat64) X(setns) X(unshare) X(mq_open) X(mq_timedsend) X(mq_timedreceive) X(mq_getsetattr) X(mq_unlink)  \
  X(memfd_create) X(lseek64) X(fstatfs) X(mmap) X(pread64)

enum {
#define X(name) at_##name,
  CALLS(X)
#undef X
  number_of_calls
};

/* All are 32 bit numbers of the machine's order; shim.js has the same places. */
struct control {
  uint32_t call;    /* which one fails, from 1; 0 for none, ~0 for any of `mixed` */
  uint32_t first;   /* the how-manieth of it, from 0 */
  uint32_t times;   /* so many of them */
  uint32_t error;   /* with this errno; 0: it does a part only, where there are parts */
  uint32_t seed;    /* mixed: where the chances begin, and go on */
  uint32_t one_in;  /* mixed: the chance of each call */
  uint32_t failed;  /* how many have failed */
  int32_t shift;    /* of the wall clock, in seconds */
  uint32_t counts[64];
  uint32_t mixed[64]; /* mixed: the errno of each; 0 for never */
};

static struct control nothing;
static struct control *control = &nothing;
static uintptr_t lowest, highest; /* the code whose calls fail */
static int of_node;

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("FERRIPC_FAULTS");
  const char *of = getenv("FERRIPC_FAULTS_OF");
  if (file == NULL) return;
  of_node = of != NULL && strcmp(of, "node") == 0;
  int descriptor = open(file, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;
  void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  close(descriptor);
  if (mapped != MAP_FAILED) control = mapped;
}

static int look(struct dl_phdr_info *info, size_t size, void *address) {
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + part->p_vaddr;
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
    if ((uintptr_t)address < start || (uintptr_t)address >= start + part->p_memsz) continue;
    const char *name = strrchr(info->dlpi_name, '/');
    name = name ? name + 1 : info->dlpi_name;
    int is_addon = strncmp(name, "ferripc", 7) == 0 && strstr(name, ".node") != NULL;
    int is_program = name[0] == 0;
    if (of_node ? !is_program : !is_addon) return 1;
    highest = start + part->p_memsz;
    lowest = start;
    return 1;
  }
  return 0;
}

static int is_own(void *address) {
  uintptr_t at = (uintptr_t)address;
  if (lowest != 0) return at >= lowest && at < highest;
  if (control == &nothing) return 0;
  dl_iterate_phdr(look, address);
  return lowest != 0 && at >= lowest && at < highest;
}

/* Whether this call is to fail: -1 for no, else the errno. */
static int fails(uint32_t call, void *from) {
  if (control == &nothing || !is_own(from)) return -1;
  uint32_t number = __atomic_fetch_add(&control->counts[call], 1, __ATOMIC_SEQ_CST);
  uint32_t error;
  if (control->call == call + 1) {
    if (number < control->first || number - control->first >= control->times) return -1;
    error = control->error;
  } else if (control->call == UINT32_MAX) {
    if (control->mixed[call] == 0) return -1;
    uint32_t mixed = __atomic_add_fetch(&control->seed, 0x9e3779b9u, __ATOMIC_SEQ_CST);
    mixed = (mixed ^ (mixed >> 16)) * 0x85ebca6bu;
    mixed = (mixed ^ (mixed >> 13)) * 0xc2b2ae35u;
    if ((mixed ^ (mixed >> 16)) % control->one_in != 0) return -1;
    error = control->mixed[call];
  } else {
    return -1;
  }
  __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
  return (int)error;
}


/*
 * Each is defined by its label, whatever the headers say of its type. Six words are the registers of all calls, also
 * those with `...`, on the machines that this runs on (x64, arm64).
 */
typedef long word;
typedef word (*any)(word, word, word, word, word, word);
#define SIX word a, word b, word c, word d, word e, word f
#define DEFINE(type, name, body)                                            \
  type of_##name(SIX) __asm__(#name);                                       \
  type of_##name(SIX) {                                                     \
    static any real;                                                        \
    if (real == NULL) real = (any)dlsym(RTLD_NEXT, #name);                  \
    int error = fails(at_##name, __builtin_return_address(0));              \
    body                                                                    \
    return (type)real(a, b, c, d, e, f);                                    \
  }

#define FAIL                                                                \
  if (error > 0) {                                                          \
    errno = error;                                                          \
    return -1;                                                              \
  }
/* It gives back what it was told to, and says that it could not. */
#define FAIL_DONE                                                           \
  if (error > 0) {                                                          \
    real(a, b, c, d, e, f);                                                 \
    errno = error;                                                          \
    return -1;                                                              \
  }
/* The third argument is a length, of which half is done. */
#define PART if (error == 0 && c > 1) c /= 2;

DEFINE(int, socket, FAIL)
DEFINE(int, socketpair, FAIL)
DEFINE(int, connect, FAIL)
DEFINE(int, bind, FAIL)
DEFINE(int, listen, FAIL)
DEFINE(int, accept4, FAIL)
DEFINE(word, send, FAIL PART)
DEFINE(word, sendto, FAIL)
DEFINE(word, sendmsg, FAIL)
DEFINE(int, sendmmsg, FAIL PART)
DEFINE(word, recv, FAIL PART)
DEFINE(word, recvfrom, FAIL)
DEFINE(word, recvmsg, FAIL)
DEFINE(int, recvmmsg, FAIL PART)
DEFINE(word, read, FAIL)
DEFINE(word, readv, FAIL)
DEFINE(word, write, FAIL)
DEFINE(word, writev, FAIL PART)
DEFINE(int, epoll_create1, FAIL)
DEFINE(int, epoll_ctl, FAIL)
DEFINE(int, epoll_wait, FAIL)
DEFINE(int, eventfd, FAIL)
DEFINE(int, getsockopt, FAIL)
DEFINE(int, setsockopt, FAIL)
DEFINE(int, getsockname, FAIL)
DEFINE(int, getpeername, FAIL)
DEFINE(int, shutdown, FAIL)
DEFINE(int, ioctl, FAIL)
DEFINE(int, fcntl, FAIL)
DEFINE(int, open, FAIL)
DEFINE(int, open64, FAIL)
DEFINE(int, flock, FAIL)
DEFINE(int, fstat, FAIL)
DEFINE(int, fstat64, FAIL)
DEFINE(int, stat64, FAIL)
DEFINE(int, lstat64, FAIL)
DEFINE(int, rename, FAIL)
DEFINE(int, unlink, FAIL)
DEFINE(int, rmdir, FAIL)
DEFINE(int, mkdir, FAIL)
DEFINE(int, chmod, FAIL)
DEFINE(int, fchmod, FAIL)
DEFINE(int, fchmodat, FAIL)
DEFINE(int, close, FAIL_DONE)
DEFINE(word, mmap64, FAIL)
DEFINE(word, mmap, FAIL)
DEFINE(word, lseek64, FAIL)
DEFINE(int, fstatfs, FAIL)
DEFINE(word, pread64, FAIL)
DEFINE(int, mprotect, FAIL)
DEFINE(int, pthread_create, if (error > 0) return error;)
DEFINE(int, poll, FAIL)
DEFINE(int, fstatat64, FAIL)
DEFINE(int, setns, FAIL)
DEFINE(int, unshare, FAIL)
DEFINE(word, opendir, if (error > 0) {
  errno = error;
  return 0;
})

/* Message queues and memory to pass are asked for by number. */
word of_syscall(word number, SIX) __asm__("syscall");
word of_syscall(word number, SIX) {
  static word (*real)(word, word, word, word, word, word, word);
  if (real == NULL) real = (word (*)(word, word, word, word, word, word, word))dlsym(RTLD_NEXT, "syscall");
  int call = number == SYS_mq_open              ? at_mq_open
             : number == SYS_mq_timedsend       ? at_mq_timedsend
             : number == SYS_mq_timedreceive    ? at_mq_timedreceive
             : number == SYS_mq_getsetattr      ? at_mq_getsetattr
             : number == SYS_mq_unlink          ? at_mq_unlink
             : number == SYS_memfd_create       ? at_memfd_create
                                                : -1;
  int error = call < 0 ? -1 : fails(call, __builtin_return_address(0));
  FAIL
  return real(number, a, b, c, d, e, f);
}

int of_clock_gettime(clockid_t clock, struct timespec *time) __asm__("clock_gettime");
int of_clock_gettime(clockid_t clock, struct timespec *time) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += control->shift;
  return result;
}

int of_gettimeofday(struct timeval *time, void *zone) __asm__("gettimeofday");
int of_gettimeofday(struct timeval *time, void *zone) {
  static int (*real)(struct timeval *, void *);
  if (real == NULL) real = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
  int result = real(time, zone);
  if (result == 0) time->tv_sec += control->shift;
  return result;
}
