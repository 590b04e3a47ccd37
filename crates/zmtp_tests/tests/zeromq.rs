//! With the crate `zeromq`, which shares no code with ferripc or libzmq.
