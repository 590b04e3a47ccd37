use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
pub enum HostMessage {
    Add(u32, u32),
    Sub(u32, u32),
}
