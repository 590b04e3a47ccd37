//! Tests with libzmq, through pyzmq: scenarios of `peer.py`, each in a process of its own. Skipped without Python and
//! pyzmq, which `scripts/python.js` installs. `FERRIPC_TEST_PYTHON` names the interpreter, if it is not `python3`.

mod bound;
mod connecting;
mod process;
