//! Link settings of a Node-API addon (undefined symbols on macOS, `-z nodelete` on Linux).
fn main() {
    #[cfg(feature = "node-api")]
    napi_build::setup();
}
