//! Requests on the wire: ordinary messages of three types, specified in docs/wire-format.md; and what a peer is told of
//! errors. What a peer sends in them is checked here. Used by `link` and `requests`.

use serde::Serialize;
use serde_json::Number;
use serde_json::value::RawValue;

use super::message::members;
use super::{Error, HandlerError, RemoteError};

/// `{id, type, data}`: a question.
pub(super) const REQUEST: &str = "ferripc:request";
/// `{id, data}` or `{id, error: {name, message, code}}`: its answer.
pub(super) const REPLY: &str = "ferripc:reply";
/// `{id}`: the caller does not wait for the answer any more.
pub(super) const CANCEL: &str = "ferripc:cancel";

/// `{code, message}`: tells the peer why the connection is closed.
pub(super) const ERROR: &str = "error";

/// Characters of an unknown type that are repeated to the peer.
const SHOWN: usize = 100;

/// A request, to be sent.
#[derive(Serialize)]
pub(super) struct Ask<'a, T: ?Sized> {
    pub id: u64,
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub data: &'a T,
}

/// A cancellation, to be sent.
#[derive(Serialize)]
pub(super) struct Cancel {
    pub id: u64,
}

/// An answer, to be sent.
#[derive(Serialize)]
pub(super) struct Answer<'a, T> {
    pub id: &'a RawValue,
    pub data: &'a T,
}

/// A failure, to be sent.
#[derive(Serialize)]
pub(super) struct Failure<'a> {
    id: &'a RawValue,
    error: ErrorForm<'a>,
}

#[derive(Serialize)]
struct ErrorForm<'a> {
    name: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

impl<'a> Failure<'a> {
    pub fn new(id: &'a RawValue, error: &'a HandlerError) -> Self {
        let RemoteError { name, message, code } = &error.0;
        Self { id, error: ErrorForm { name, message, code: code.as_deref() } }
    }
}

/// The data of a message that tells the peer of an error.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    code: Option<&'a str>,
    message: String,
}

pub(super) fn told(error: &Error) -> Told<'_> {
    Told { code: error.code(), message: error.to_string() }
}

/// The answer to a request whose type has no handler.
pub(super) fn no_handler(kind: Option<&str>) -> HandlerError {
    let kind = match kind {
        Some(kind) => format!("{:?}", kind.chars().take(SHOWN).collect::<String>()),
        None => "(none)".into(),
    };
    HandlerError::new(format!("Nobody answers requests of the type {kind}"))
        .with_code("ERR_FERRIPC_NO_HANDLER")
}

/// The answer to a peer that has too many requests under way.
pub(super) fn too_many(most: usize) -> HandlerError {
    HandlerError::new(format!("{most} requests of this connection are under way"))
        .with_code("ERR_FERRIPC_TOO_MANY_REQUESTS")
}

/// A request that was received.
pub(super) struct Asked<'a> {
    pub id: &'a RawValue,
    pub kind: Option<String>,
    pub data: Option<&'a RawValue>,
}

/// An answer that was received.
pub(super) struct Answered<'a> {
    /// `None`: not the id of a request of this side.
    pub id: Option<u64>,
    pub result: Result<Option<&'a RawValue>, RemoteError>,
}

/// Reads a request. `None`: it is not one.
pub(super) fn asked(data: Option<&RawValue>) -> Option<Asked<'_>> {
    let [id, kind, data] = members(data?.get(), &["id", "type", "data"]).ok()?;
    let kind = kind.and_then(|kind| serde_json::from_str(kind.get()).ok());
    Some(Asked { id: id.filter(|id| is_id(id))?, kind, data })
}

/// Reads an answer. `None`: it is not one.
pub(super) fn answered(data: Option<&RawValue>) -> Option<Answered<'_>> {
    let [id, data, error] = members(data?.get(), &["id", "data", "error"]).ok()?;
    let id = own_id(id.filter(|id| is_id(id))?);
    let result = match error.filter(|error| is_truthy(error)) {
        Some(error) => Err(remote_error(error)),
        None => Ok(data),
    };
    Some(Answered { id, result })
}

/// Reads the id of a cancelled request. `None`: there is none.
pub(super) fn cancelled(data: Option<&RawValue>) -> Option<&RawValue> {
    let [id] = members(data?.get(), &["id"]).ok()?;
    id.filter(|id| is_id(id))
}

/// Whether this is a valid id of a request: a string or a number.
fn is_id(value: &RawValue) -> bool {
    matches!(value.get().as_bytes()[0], b'"' | b'-' | b'0'..=b'9')
}

/// The number of a request of this side, in any notation: `1`, `1.0`.
fn own_id(value: &RawValue) -> Option<u64> {
    let number: Number = serde_json::from_str(value.get()).ok()?;
    let whole = |float: f64| (float.fract() == 0.0 && float >= 0.0).then_some(float as u64);
    number.as_u64().or_else(|| number.as_f64().and_then(whole))
}

/// As in JavaScript.
fn is_truthy(value: &RawValue) -> bool {
    let text = value.get();
    let is_zero = || serde_json::from_str::<f64>(text).is_ok_and(|number| number == 0.0);
    !matches!(text, "null" | "false" | "\"\"") && !is_zero()
}

/// The error of a reply. node-ipc's peers may also send a string, or an object with fewer fields.
fn remote_error(form: &RawValue) -> RemoteError {
    let text = |value: &RawValue| serde_json::from_str::<String>(value.get()).ok();
    let found = members(form.get(), &["name", "message", "code"]);
    let [name, message, code] = found.unwrap_or([None, Some(form), None]);
    let code = code.and_then(|code| {
        let number = || matches!(code.get().as_bytes()[0], b'-' | b'0'..=b'9');
        text(code).or_else(|| number().then(|| code.get().to_owned()))
    });
    let name = name.and_then(text).unwrap_or_else(|| "Error".into());
    RemoteError { name, message: message.and_then(text).unwrap_or_default(), code }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.into()).expect("JSON")
    }

    #[test]
    fn an_error_may_be_less_than_an_object() {
        for (text, expected) in [
            (r#""no""#, ("Error", "no", None)),
            ("{}", ("Error", "", None)),
            ("true", ("Error", "", None)),
            (r#"{"name":"TypeError","message":"m","code":"E"}"#, ("TypeError", "m", Some("E"))),
            (r#"{"name":1,"message":null,"code":42}"#, ("Error", "", Some("42"))),
            (r#"{"code":{}}"#, ("Error", "", None)),
        ] {
            let error = remote_error(&raw(text));
            assert_eq!((error.name(), error.message(), error.code()), expected, "{text}");
        }
    }

    #[test]
    fn a_reply_fails_by_a_truthy_error_only() {
        for (error, fails) in [
            ("null", false),
            ("false", false),
            ("0", false),
            ("-0.0", false),
            ("\"\"", false),
            ("\"0\"", true),
            ("1", true),
            ("[]", true),
        ] {
            let reply = raw(&format!(r#"{{"error":{error},"id":1.0}}"#));
            let answered = answered(Some(&reply)).expect("a reply");
            assert_eq!((answered.id, answered.result.is_err()), (Some(1), fails), "{error}");
        }
    }

    #[test]
    fn what_has_no_id_is_no_request() {
        for text in ["{}", "[]", "1", r#"{"id":null}"#, r#"{"id":true}"#, r#"{"id":{}}"#] {
            let data = raw(text);
            assert!(asked(Some(&data)).is_none() && answered(Some(&data)).is_none(), "{text}");
            assert!(cancelled(Some(&data)).is_none());
        }
        assert!(asked(None).is_none());
        assert_eq!(answered(Some(&raw(r#"{"id":"1"}"#))).expect("a reply").id, None);
        assert_eq!(asked(Some(&raw(r#"{"id":1,"id":2}"#))).expect("a request").id.get(), "2");
    }
}
