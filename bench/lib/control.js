'use strict';

// The control channel between the two processes of a sample: fork()'s own. It carries what is outside
// the timed part: ready, CPU time, reports. Used by sample.js and lib/server-process.js.

/**
 * @param {NodeJS.Process | import('child_process').ChildProcess} end this process, or the forked one
 * @param {(message: object) => void} onControl
 */
function openControl(end, onControl) {
  end.on('message', onControl);
  return {
    send: (message) => end.send(message),
    /**
     * For the peer child-process, whose messages take the same channel: from now on those of the type
     * 'm' go to `onMessage`. There is one listener as before, so that a message costs no more than in
     * a program without a benchmark. Returns what sends one.
     */
    share(onMessage) {
      end.off('message', onControl);
      end.on('message', (message) => {
        if (message.type === 'm') {
          onMessage(message.data);
        } else {
          onControl(message);
        }
      });
      return (data) => end.send({ type: 'm', data });
    },
  };
}

module.exports = { openControl };
