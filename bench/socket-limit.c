// What the system itself takes for large messages: one process writes so many MB into a Unix socket, another one reads them
// into new memory, as a program has to that keeps what it gets, and then into memory that it has used before. The least of
// seven rounds. docs/serialization.md cites it.
//
//   cc -O2 -o /tmp/socket-limit bench/socket-limit.c && /tmp/socket-limit

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 7, READ = 1 << 20 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static void check(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static void write_all(int socket, const char *bytes, size_t left) {
  while (left > 0) {
    ssize_t len = write(socket, bytes, left);
    check(len > 0, "write");
    bytes += len;
    left -= len;
  }
}

static double transfer(char *bytes, size_t size, int is_new) {
  int ends[2];
  char go = 0;
  check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  pid_t writer = fork();
  check(writer >= 0, "fork");
  if (writer == 0) {
    check(read(ends[0], &go, 1) == 1, "read");
    write_all(ends[0], bytes, size);
    _exit(0);
  }
  double began = now();
  char *into = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check(into != MAP_FAILED, "mmap");
  if (!is_new) {
    memset(into, 1, size);
    began = now();
  }
  check(write(ends[1], &go, 1) == 1, "write");
  for (size_t at = 0; at < size;) {
    size_t most = size - at < READ ? size - at : READ;
    ssize_t len = read(ends[1], into + at, most);
    check(len > 0, "read");
    at += len;
  }
  double took = now() - began;
  waitpid(writer, NULL, 0);
  munmap(into, size);
  close(ends[0]);
  close(ends[1]);
  return took;
}

int main(void) {
  static const size_t sizes[] = {1, 8, 32, 128};
  printf("%8s %16s %16s\n", "MB", "new memory, ms", "used memory, ms");
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    size_t size = sizes[i] << 20;
    char *bytes = malloc(size);
    check(bytes != NULL, "malloc");
    memset(bytes, 7, size);
    double best[2] = {1e9, 1e9};
    for (int round = 0; round < ROUNDS; round++) {
      for (int is_new = 0; is_new < 2; is_new++) {
        double took = transfer(bytes, size, is_new);
        if (took < best[is_new]) best[is_new] = took;
      }
    }
    printf("%8zu %16.2f %16.2f\n", sizes[i], best[1], best[0]);
    free(bytes);
  }
}
