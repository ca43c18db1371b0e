#pragma once
#include <libpq-fe.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

// A descriptor that is readable from the first wake on until it is calmed.
static inline int cpostgres_wake_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline void cpostgres_wake_close(int wake) { close(wake); }

static inline void cpostgres_wake(int wake) {
  uint64_t one = 1;
  // Fails when the counter is full, and then it is readable anyway.
  ssize_t written = write(wake, &one, sizeof one);
  (void)written;
}

enum { CPOSTGRES_SOCKET = 1, CPOSTGRES_WOKEN = 2 };

// libpq's own are characters, which Swift does not import.
enum { CPOSTGRES_SEVERITY = PG_DIAG_SEVERITY_NONLOCALIZED, CPOSTGRES_SQLSTATE = PG_DIAG_SQLSTATE };

// Waits for what is asked of the socket, none of which is negative, for a wake, which it calms, or
// for the time to pass, which a negative one never does. May return early with nothing.
static inline int cpostgres_wait(
    int socket, int reads, int writes, int wake, int milliseconds) {
  struct pollfd descriptors[2] = {
      {.fd = socket, .events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0))},
      {.fd = wake, .events = POLLIN},
  };
  if (poll(descriptors, 2, milliseconds) <= 0) return 0;
  int ready = 0;
  if (descriptors[0].revents) ready |= CPOSTGRES_SOCKET;
  if (descriptors[1].revents) {
    ready |= CPOSTGRES_WOKEN;
    uint64_t count;
    ssize_t read_bytes = read(wake, &count, sizeof count);
    (void)read_bytes;
  }
  return ready;
}

static inline int cpostgres_is_readable(int socket) {
  struct pollfd descriptor = {.fd = socket, .events = POLLIN};
  return poll(&descriptor, 1, 0) > 0;
}
