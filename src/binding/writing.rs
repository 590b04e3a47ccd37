//! What the calls that write do, see [`super::hub::Hub::calls`].

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::sys;

use super::hub::{Core, count, tidy};
use super::text;
use crate::engine::driver::Connection;

impl Core {
    pub fn write_bytes(&self, id: u32, bytes: &[u8]) -> u32 {
        let connection = self.engine.connection(id);
        count(connection.map_or(0, |connection| connection.write_copy(bytes)))
    }

    pub fn write_shared(
        &mut self,
        env: sys::napi_env,
        id: u32,
        text: sys::napi_value,
        hold: bool,
    ) -> Result<u32> {
        let Some(connection) = self.engine.connection(id) else {
            return Ok(0);
        };
        let bytes = match self.shared.take() {
            Some(bytes) => bytes,
            None => {
                let mut bytes = Vec::new();
                text::append(env, text, &mut bytes)?;
                bytes.extend_from_slice(connection.delimiter());
                bytes.into()
            }
        };
        let queued = if hold {
            self.engine.hold(id, bytes.clone())
        } else {
            connection.write_shared(&bytes)
        };
        self.shared = Some(bytes);
        Ok(count(queued))
    }

    pub fn write(
        &mut self,
        env: sys::napi_env,
        id: u32,
        text: sys::napi_value,
        delimit: bool,
    ) -> Result<u32> {
        let Some(connection) = self.engine.connection(id) else {
            return Ok(0);
        };
        text::append(env, text, &mut self.scratch)?;
        if delimit {
            self.scratch.extend_from_slice(connection.delimiter());
        }
        Ok(send(connection, &mut self.scratch))
    }

    pub fn hold(&mut self, env: sys::napi_env, id: u32, text: sys::napi_value) -> Result<u32> {
        let Some(connection) = self.engine.connection(id) else {
            return Ok(0);
        };
        let mut bytes = Vec::new();
        text::append(env, text, &mut bytes)?;
        bytes.extend_from_slice(connection.delimiter());
        Ok(count(self.engine.hold(id, bytes.into())))
    }

    pub fn release(&self, id: u32) -> u32 {
        count(self.engine.connection(id).map_or(0, |connection| connection.release()))
    }
}

pub(super) fn send(connection: &Arc<Connection>, scratch: &mut Vec<u8>) -> u32 {
    let queued = connection.write(scratch);
    tidy(scratch);
    count(queued)
}
