//! Messages as a program sees them, and their form on the wire: `{"type":…,"data":…}` and the delimiter.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Error, json};
use crate::engine::codec::delimited::Delimiter;
use crate::engine::codec::json::quote;

/// Characters shown of something that is not a message.
const SHOWN: usize = 256;

/// What node-ipc sends if a message has no data, `null`, or an empty string.
const NOTHING: &str = "{}";

/// A message that has arrived: its type, and its data as the JSON text that was sent.
///
/// ```
/// # use ferripc::node_ipc::Message;
/// #[derive(serde::Deserialize)]
/// struct Greeting {
///     name: String,
/// }
///
/// # fn on(message: &Message) -> Result<(), ferripc::node_ipc::Error> {
/// if message.kind() == "greeting" {
///     println!("{} says hello", message.data::<Greeting>()?.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Message {
    kind: Box<str>,
    data: Option<Box<RawValue>>,
}

impl Message {
    /// Its type: any string, even an empty one.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its data as a `T`, which may borrow from the message.
    ///
    /// Missing data are read as `null`. node-ipc sends `{}` for no data, `null` or `""`. So if `{}` arrives and is not a
    /// `T`, it is read as `null` and then as `""`: `()`, an `Option` and a `String` arrive as they were sent.
    ///
    /// # Errors
    /// [`Error::Decode`] for data that are not a `T`, and for data nested deeper than 128 levels.
    pub fn data<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        let text = self.raw().unwrap_or("null");
        let read = serde_json::from_str(text).or_else(|error| {
            let nothing = || serde_json::from_str("null").or_else(|_| serde_json::from_str("\"\""));
            if text == NOTHING { nothing().map_err(|_| error) } else { Err(error) }
        });
        read.map_err(Error::decode)
    }

    /// The JSON text of its data, which is always valid. `None` if it has no data.
    pub fn raw(&self) -> Option<&str> {
        self.data.as_deref().map(RawValue::get)
    }

    pub(super) fn new(kind: String, data: Option<&RawValue>) -> Self {
        Self { kind: kind.into(), data: data.map(ToOwned::to_owned) }
    }
}

/// The bytes of a message, with the delimiter.
pub(super) fn encode(
    kind: &str,
    data: &(impl Serialize + ?Sized),
    delimiter: &Delimiter,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(b"{\"type\":");
    quote(kind.as_bytes(), &mut bytes);
    bytes.extend_from_slice(b",\"data\":");
    let start = bytes.len();
    json::write(&mut bytes, data).map_err(Error::encode)?;
    if matches!(&bytes[start..], b"null" | b"\"\"") {
        bytes.truncate(start);
        bytes.extend_from_slice(NOTHING.as_bytes());
    }
    bytes.push(b'}');
    // JSON escapes the default delimiter.
    if **delimiter != *super::DELIMITER.as_bytes() && delimiter.find(&bytes).is_some() {
        return Err(Error::DelimiterWithin);
    }
    bytes.extend_from_slice(delimiter);
    Ok(bytes)
}

/// The text of a frame. Bytes that are not UTF-8 become U+FFFD, as in Node.
pub(super) fn text_of(frame: &[u8]) -> Cow<'_, str> {
    // The same as `from_utf8_lossy`, but many times faster for valid text.
    str::from_utf8(frame).map_or_else(|_| String::from_utf8_lossy(frame), Cow::Borrowed)
}

/// The type of a message and its data.
pub(super) fn parse(text: &str) -> Result<(String, Option<&RawValue>), Error> {
    let invalid = |error| invalid(text, &error);
    let [kind, data] = members(text, &["type", "data"]).map_err(invalid)?;
    let Some(kind) = kind else {
        return Err(invalid(serde_json::Error::custom("it has no type")));
    };
    Ok((serde_json::from_str(kind.get()).map_err(invalid)?, data))
}

/// Whether a peer says with this message, of the type `error`, that it does not speak JSON but values of V8: the
/// greeting of `serialization: 'advanced'` (docs/wire-format.md).
pub(super) fn is_greeting(text: &str) -> bool {
    let Ok([Some(said)]) = members(text, &["ferripc"]) else { return false };
    serde_json::from_str::<String>(said.get()).is_ok_and(|said| said.starts_with("advanced/"))
}

/// The error for a text that is not a message.
pub(super) fn invalid(text: &str, reason: &dyn fmt::Display) -> Error {
    let beginning = text.chars().take(SHOWN).collect();
    Error::InvalidMessage { reason: reason.to_string(), beginning }
}

/// The members of the JSON object `text` with these names. If a name occurs several times, the last one counts, as
/// in JavaScript. The values are skipped, not parsed, however deeply they are nested.
pub(super) fn members<'a, const N: usize>(
    text: &'a str,
    names: &[&str; N],
) -> Result<[Option<&'a RawValue>; N], serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = deserializer.deserialize_map(Members(names))?;
    deserializer.end()?;
    Ok(found)
}

struct Members<'n, const N: usize>(&'n [&'n str; N]);

impl<'a, const N: usize> Visitor<'a> for Members<'_, N> {
    type Value = [Option<&'a RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(index) = map.next_key_seed(Name(self.0))? {
            match index {
                Some(index) => found[index] = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// Which of these names a key is.
struct Name<'n>(&'n [&'n str]);

impl<'a> DeserializeSeed<'a> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self) // not as a string: an unpaired surrogate is not valid in one
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|wanted| wanted.as_bytes() == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// The reference: parses everything, then looks for the members.
    fn naive(text: &str) -> Option<(String, Option<Value>)> {
        let Value::Object(mut members) = serde_json::from_str(text).ok()? else { return None };
        let Some(Value::String(kind)) = members.remove("type") else { return None };
        Some((kind, members.remove("data")))
    }

    fn looked(text: &str) -> Option<(String, Option<Value>)> {
        let (kind, data) = parse(text).ok()?;
        let data = data.map(|data| serde_json::from_str(data.get()).expect("it is valid"));
        Some((kind, data))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn parsing_agrees_with_the_naive_reference(
            tokens in proptest::collection::vec(
                prop_oneof![
                    Just("{"), Just("}"), Just("["), Just("]"), Just(":"), Just(","), Just(" "),
                    Just("\"type\":"), Just("\"data\":"), Just("\"t\\u0079pe\":"), Just("\"x\":"),
                    Just("\"a\""), Just("1"), Just("null"), Just("{}"), Just("\"\\n\""), Just("ü"),
                ],
                0..12,
            ),
            wrapped in any::<bool>(),
        ) {
            let inside = tokens.concat();
            let text = if wrapped { format!("{{\"type\":\"a\",{inside}}}") } else { inside };
            prop_assert_eq!(looked(&text), naive(&text), "{}", text);
        }

        #[test]
        fn what_is_encoded_is_parsed(kind in ".{0,8}", text in ".{0,20}", number in any::<i64>()) {
            let data = json!({ "text": text, "number": number, "deep": [[null, true]] });
            let delimiter = Delimiter::from(super::super::DELIMITER.as_bytes());
            let bytes = encode(&kind, &data, &delimiter).expect("it is JSON");
            prop_assert_eq!(bytes.iter().position(|byte| *byte == 12), Some(bytes.len() - 1));
            let text = text_of(&bytes[..bytes.len() - 1]);
            prop_assert_eq!(looked(&text), Some((kind, Some(data))));
        }
    }

    /// The vectors of the wire format: what a sender writes.
    #[test]
    fn bytes_are_those_of_the_vectors() {
        let vectors = include_str!("../../../docs/vectors/encode.json");
        let [cases] = members(vectors, &["cases"]).expect("an object");
        let cases: Vec<&RawValue> =
            serde_json::from_str(cases.expect("cases").get()).expect("a list");
        assert!(cases.len() > 3);
        for case in cases {
            let [kind, data, bytes] =
                members(case.get(), &["type", "data", "bytes"]).expect("an object");
            let text = |value: Option<&RawValue>| -> String {
                serde_json::from_str(value.expect("it is there").get()).expect("a text")
            };
            let delimiter = Delimiter::from(super::super::DELIMITER.as_bytes());
            // A text that no Rust string can hold is sent as it is written there.
            let encoded = match data.map(|data| serde_json::from_str::<Value>(data.get())) {
                None => encode(&text(kind), &(), &delimiter),
                Some(Ok(value)) => encode(&text(kind), &value, &delimiter),
                Some(Err(_)) => encode(&text(kind), &data, &delimiter),
            };
            let encoded = encoded.expect("it is JSON");
            let hex: String = encoded.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, text(bytes), "{case}");
        }
    }
}
