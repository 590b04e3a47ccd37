//! The answer to a request, without any I/O. Used by [`super::server`].

use serde_json::{Map, Value};

use super::Dialect;
use super::state::{State, command};
use crate::engine::codec::meta_nul::{BAD_REQUEST, FAILED, NOT_IMPLEMENTED, integer};

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Send this answer.
    Text(String),
    /// Change the configuration. The answer says so.
    SetConfig(String),
    /// Let the program answer a custom command.
    Custom(i32, String),
}

/// For the request `text`; `None`: it could not be read.
pub fn answer(text: Option<Vec<u8>>, state: &State, dialect: Dialect) -> Answer {
    let Some((text, request)) = text.and_then(parse) else { return status(BAD_REQUEST) };
    let Some(number) = integer(&request, "req") else { return status(BAD_REQUEST) };
    if let Some(answer) = state.tell(number, dialect) {
        return Answer::Text(answer);
    }
    if number != command::SET_CONFIG {
        let known = state.custom.contains_key(&number);
        return if known { Answer::Custom(number, text) } else { status(NOT_IMPLEMENTED) };
    }
    match request.get("cfg") {
        Some(Value::Object(_)) => Answer::SetConfig(text),
        _ => status(FAILED),
    }
}

fn parse(text: Vec<u8>) -> Option<(String, Map<String, Value>)> {
    let text = String::from_utf8(text).ok()?;
    let request = serde_json::from_str(&text).ok()?;
    Some((text, request))
}

fn status(status: u16) -> Answer {
    Answer::Text(status_only(status))
}

/// An answer that only has a status.
pub fn status_only(status: u16) -> String {
    format!(r#"{{"status":{status}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_table() {
        let mut state = State::default();
        state.custom.insert(6, "own".into());
        for (text, expected) in [
            (r#"{"req":99}"#, status(501)),
            (r#"{"req":-1}"#, status(501)),
            (r#"{"req":"a"}"#, status(400)),
            ("{}", status(400)),
            ("hello", status(400)),
            ("[1]", status(400)),
            ("\u{feff}{}", status(400)),
            (r#"{"req":3}"#, status(500)),
            (r#"{"req":3,"cfg":[]}"#, status(500)),
            (r#"{"req":3,"cfg":{}}"#, Answer::SetConfig(r#"{"req":3,"cfg":{}}"#.into())),
            (r#"{"req":6}"#, Answer::Custom(6, r#"{"req":6}"#.into())),
            (r#"{"req":1.9}"#, Answer::Text(r#"{"status":200,"viewed":false}"#.into())),
        ] {
            assert_eq!(answer(Some(text.into()), &state, Dialect::AppView), expected, "{text}");
        }
        assert_eq!(answer(None, &state, Dialect::AppView), status(400));
        assert_eq!(
            answer(Some(b"{\"req\":1,\"x\":\"\xff\"}".to_vec()), &state, Dialect::AppView),
            status(400)
        );
    }
}
