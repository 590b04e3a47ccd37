'use strict';
// What becomes of an image, as PixivUtil2 numbers it. Mirrors RESULTS of src/protocols/pixivutil2/message.rs.

const DownloadResult = Object.freeze({
  NOT_OK: -1,
  OK: 0,
  SKIP_OLDER: 1,
  SKIP_BLACKLIST: 2,
  KEYBOARD_INTERRUPT: 3,
  SKIP_DUPLICATE: 4,
  SKIP_LOCAL_LARGER: 5,
  CHECK_DOWNLOAD: 6,
  SIZE_LIMIT_LARGER: 7,
  SIZE_LIMIT_SMALLER: 8,
  SKIP_DUPLICATE_NO_WAIT: 9,
  ABORTED: 9999,
});

const names = new Map(Object.entries(DownloadResult).map(([name, number]) => [number, name]));

/** The name of a result; undefined if it has none. */
const nameOf = (result) => names.get(result);

module.exports = { DownloadResult, nameOf };
