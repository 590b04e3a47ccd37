//! The option that tells PixivUtil2 where its controller is. Mirrored in `src/js/pixivutil2/option.js`.

use std::fmt;
use std::str::FromStr;

/// The name of an agent that was given none.
pub const IDENTIFIER: &str = "PixivUtil2";

/// Both endpoints, and the agent's name: `--ipc=COMM|TASK` or `--pipe=IDENTIFIER|COMM|TASK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpcOption {
    /// The agent's name. [`IDENTIFIER`] if the option has none.
    pub identifier: String,
    /// The endpoint for notifications, such as `tcp://localhost:4048`.
    pub comm: String,
    /// The endpoint for jobs.
    pub task: String,
}

/// Why a text is not such an option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOption {
    /// There are fewer than two parts, or more than three.
    #[error("expected <comm>|<task> or <identifier>|<comm>|<task>, and not {0} part(s): {1}")]
    Parts(usize, String),
    /// A part is empty.
    #[error("the {0} is empty: {1}")]
    Empty(&'static str, String),
    /// A part is not an endpoint.
    #[error("the {0} is not an endpoint such as tcp://localhost:4048: {1}")]
    Endpoint(&'static str, String),
}

impl FromStr for IpcOption {
    type Err = InvalidOption;

    /// The option, with or without `--ipc=` or `--pipe=` before it, and with or without quotes around
    /// its value.
    fn from_str(option: &str) -> Result<Self, InvalidOption> {
        let after = |name| option.strip_prefix(name);
        let value = after("--ipc=").or_else(|| after("--pipe=")).unwrap_or(option);
        let unquoted = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
        let value = unquoted('"').or_else(|| unquoted('\'')).unwrap_or(value);
        let parts: Vec<_> = value.split('|').collect();
        let (identifier, comm, task) = match parts[..] {
            [comm, task] => (IDENTIFIER, comm, task),
            [identifier, comm, task] => (identifier, comm, task),
            _ => return Err(InvalidOption::Parts(parts.len(), option.into())),
        };
        for (what, part) in
            [("identifier", identifier), ("comm endpoint", comm), ("task endpoint", task)]
        {
            if part.is_empty() {
                return Err(InvalidOption::Empty(what, option.into()));
            }
            if what != "identifier" && !part.contains("://") {
                return Err(InvalidOption::Endpoint(what, option.into()));
            }
        }
        let [identifier, comm, task] = [identifier, comm, task].map(str::to_owned);
        Ok(Self { identifier, comm, task })
    }
}

impl fmt::Display for IpcOption {
    /// The value with all three parts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|{}", self.identifier, self.comm, self.task)
    }
}
