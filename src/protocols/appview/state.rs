//! What a process reports about itself: the JSON texts of its answers, and the numbers of the
//! commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Dialect;
use crate::engine::codec::meta_nul::OK;

/// The numbers of the commands.
pub mod command {
    /// Asks which commands exist.
    pub const SUPPORTED: i32 = 0;
    /// Asks whether the process is being viewed.
    pub const STATUS: i32 = 1;
    /// Asks for the configuration.
    pub const CONFIG: i32 = 2;
    /// Sets another configuration.
    pub const SET_CONFIG: i32 = 3;
    /// Asks where the process sends data, and whether that works.
    pub const TRANSPORTS: i32 = 4;
    /// Asks for details of the process.
    pub const PROCESS: i32 = 5;
}

/// A text that is not the required JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} has to be JSON of an {1}")]
pub struct Invalid(&'static str, &'static str);

/// What a process reports about itself. The texts are sent unchanged.
#[derive(Debug, Clone)]
pub struct State {
    /// Whether the process is being viewed.
    pub viewed: bool,
    /// Names of the commands besides those of AppView, by number.
    pub custom: BTreeMap<i32, String>,
    // Shared by the clones: a configuration may be long.
    cfg: Arc<str>,
    interfaces: Arc<str>,
    details: Arc<str>,
}

impl Default for State {
    fn default() -> Self {
        let details = json!({ "pid": std::process::id(), "uuid": "", "id": "", "machine_id": "" });
        Self {
            viewed: false,
            custom: BTreeMap::new(),
            cfg: r#"{"current":{}}"#.into(),
            interfaces: "[]".into(),
            details: details.to_string().into(),
        }
    }
}

impl State {
    /// The configuration: an object, in AppView `{"current": …}`.
    ///
    /// # Errors
    /// The text is not JSON of an object.
    pub fn set_cfg(&mut self, json: &str) -> Result<(), Invalid> {
        object(json).ok_or(Invalid("cfg", "object"))?;
        self.cfg = json.trim().into();
        Ok(())
    }

    /// Where the process sends data: an array of objects with `name`, `config`, `connected` and, if it is not
    /// connected, `attempts` and `failure_details`.
    ///
    /// # Errors
    /// The text is not JSON of an array.
    pub fn set_interfaces(&mut self, json: &str) -> Result<(), Invalid> {
        let value = serde_json::from_str::<Value>(json).ok().filter(Value::is_array);
        value.ok_or(Invalid("interfaces", "array"))?;
        self.interfaces = json.trim().into();
        Ok(())
    }

    /// Details of the process: an object with `pid`, `uuid`, `id` and `machine_id`.
    ///
    /// # Errors
    /// The text is not JSON of an object.
    pub fn set_details(&mut self, json: &str) -> Result<(), Invalid> {
        object(json).ok_or(Invalid("details", "object"))?;
        self.details = json.trim().into();
        Ok(())
    }

    /// The answer to a command that only asks. `None`: it is another command.
    pub(super) fn tell(&self, number: i32, dialect: Dialect) -> Option<String> {
        Some(match number {
            command::SUPPORTED => self.supported(dialect),
            command::STATUS => {
                format!(r#"{{"status":{OK},"{}":{}}}"#, dialect.viewed(), self.viewed)
            }
            command::CONFIG => format!(r#"{{"cfg":{},"status":{OK}}}"#, self.cfg),
            command::TRANSPORTS => format!(r#"{{"status":{OK},"interfaces":{}}}"#, self.interfaces),
            command::PROCESS => {
                let fields = self.details[1..].trim_start();
                let comma = if fields == "}" { "" } else { "," };
                format!(r#"{{"status":{OK}{comma}{fields}"#)
            }
            _ => return None,
        })
    }

    fn supported(&self, dialect: Dialect) -> String {
        let commands = dialect.commands();
        let own = commands.iter().enumerate().map(|(id, name)| list_entry(id as i32, name));
        let custom = self.custom.iter().map(|(&id, name)| list_entry(id, name));
        let list = own.chain(custom).collect::<Vec<_>>().join(",");
        let meta = [list_entry(0, "completeRequestJson"), list_entry(1, "incompleteRequestJson")];
        let (meta, field) = (meta.join(","), dialect.list());
        format!(r#"{{"status":{OK},"commands_meta":[{meta}],"{field}":[{list}]}}"#)
    }
}

fn list_entry(id: i32, name: &str) -> String {
    format!(r#"{{"id":{id},"name":{}}}"#, Value::from(name))
}

fn object(json: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_the_library() {
        let mut state = State { viewed: true, ..State::default() };
        let tell = |state: &State, number| state.tell(number, Dialect::AppView).unwrap();
        // As long as the recorded answer, which has these ends.
        let supported = tell(&state, command::SUPPORTED);
        assert_eq!(supported.len(), 337);
        assert!(supported.starts_with(r#"{"status":200,"commands_meta":[{"id":0,"name":"#));
        assert!(supported.ends_with(r#"{"id":5,"name":"getProcessDetails"}]}"#));
        assert_eq!(tell(&state, command::STATUS), r#"{"status":200,"viewed":true}"#);
        assert_eq!(
            state.tell(command::STATUS, Dialect::AppScope).unwrap(),
            r#"{"status":200,"scoped":true}"#
        );
        assert_eq!(tell(&state, command::CONFIG), r#"{"cfg":{"current":{}},"status":200}"#);
        assert_eq!(tell(&state, command::TRANSPORTS), r#"{"status":200,"interfaces":[]}"#);
        state.set_details(r#" {"pid":1}"#).unwrap();
        assert_eq!(tell(&state, command::PROCESS), r#"{"status":200,"pid":1}"#);
        state.set_details("{ }").unwrap();
        assert_eq!(tell(&state, command::PROCESS), r#"{"status":200}"#);
        assert_eq!(state.tell(6, Dialect::AppView), None);
        state.custom.insert(6, "take \"it\"".into());
        let supported = tell(&state, command::SUPPORTED);
        assert!(supported.ends_with(r#",{"id":6,"name":"take \"it\""}]}"#), "{supported}");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let mut state = State::default();
        assert_eq!(state.set_cfg("[]").unwrap_err().to_string(), "cfg has to be JSON of an object");
        assert!(state.set_cfg("{}}").is_err() && state.set_interfaces("{}").is_err());
        assert!(state.set_details("").is_err());
        assert_eq!(state.tell(4, Dialect::AppView).unwrap(), r#"{"status":200,"interfaces":[]}"#);
    }
}
