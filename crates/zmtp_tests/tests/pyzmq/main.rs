//! With libzmq, by pyzmq: scenarios of `peer.py`, each a process of its own. Skipped where there is no Python with pyzmq:
//! `pip install pyzmq`, and `FERRIPC_TEST_PYTHON` names the interpreter, if it is not `python3`.

mod bound;
mod connecting;
mod process;
