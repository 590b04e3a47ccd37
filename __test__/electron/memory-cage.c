// What Node-API's functions for memory outside of V8's heap do where V8 keeps all memory in a cage, as in Electron: no
// buffer may be external, and strings are copied. electron.test.js makes copies of the addon that look for these names.

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

typedef void (*finalize)(void *env, void *data, void *hint);

enum { napi_ok = 0, napi_no_external_buffers_allowed = 22 };

int napi_create_string_latin1(void *env, const char *text, size_t length, void **result);

static void note(const char *text, size_t length) {
  if (write(2, text, length) < 0) return;
}

int cage_create_external_buffer(void *env, size_t length, void *data, finalize done, void *hint, void **result) {
  note("buffer\n", 7);
  return napi_no_external_buffers_allowed;
}

int cage_api_create_external_string_latin1(void *env, char *text, size_t length, finalize done, void *hint,
                                           void **result, bool *copied) {
  int status = napi_create_string_latin1(env, text, length, result);
  note("string\n", 7);
  if (status != napi_ok) return status;
  *copied = true;
  if (done) done(env, text, hint);
  return napi_ok;
}
