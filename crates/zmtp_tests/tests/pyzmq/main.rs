//! Tests with libzmq, through pyzmq: scenarios of `peer.py`, each in a process of its own. Skipped without Python and
//! pyzmq, which `scripts/python.js` installs; docs/zmtp.md says how they find it. `FERRIPC_TEST_PYTHON` names the
//! interpreter, if it is not `python3`. With `FERRIPC_PYTHON=required`, as in ci.yml, they fail without pyzmq on Linux.

mod bound;
mod connecting;
mod process;
