//! The envelope of node-ipc's messages, `{"type":T,"data":D}`, as nearly every sender writes it: without
//! white space, `type` first. A reader that knows that a frame has this form needs to parse D only.
//!
//! Used by the binding. Nothing is parsed here and nothing refused: frames of any other form are left to
//! a real JSON parser.

use memchr::memchr;

use super::Batch;
use super::json::{is_closed, is_plain_string};

const BEFORE_TYPE: &[u8] = b"{\"type\":\"";
const AFTER_TYPE: &[u8] = b"\",\"data\":";

/// Longer types are not looked for.
const LONGEST_TYPE: usize = 256;

/// The length of the head `{"type":"T","data":` that all frames of `batch` have in common, T being
/// printable ASCII without escapes; 0 if they have none, or one of them does not end with `}`.
///
/// If what lies between the head and the final `}` is one JSON value D, the frame is the JSON of an
/// object with the members `type` (T) and `data` (D) and no others.
pub fn common_head(batch: &Batch, delimiter_len: usize) -> usize {
    let mut frames = batch.frames(delimiter_len);
    let first = frames.next().unwrap_or_default();
    let Some(len) = head_len(first) else { return 0 };
    let (head, rest) = first.split_at(len);
    let closed = |rest: &[u8]| rest.len() > 1 && rest.ends_with(b"}");
    let alike = |frame: &[u8]| frame.strip_prefix(head).is_some_and(closed);
    if closed(rest) && frames.all(alike) { len } else { 0 }
}

/// Whether `batch` is a single frame with such a head, of length `head`, and D is a string without escapes.
/// D then needs no parser either.
pub fn is_plain_text(batch: &Batch, head: usize) -> bool {
    head > 0 && batch.ends.len() == 1 && is_plain_string(&batch.bytes[head..batch.bytes.len() - 1])
}

/// Fewer frames than this are not worth joining, since joining copies their bytes.
const FEW: usize = 4;

/// One message in place of the frames of `batch`, which have such a head of length `head`: its D is the array of
/// theirs, `{"type":"T","data":[D,D]}`. A parser reads that faster than each one separately, and if it accepts the
/// text, it has read the same values. The new ends are those of the Ds, with one byte between them, and of the whole.
/// `None` if that is not certain, or not worth it.
pub fn joined(batch: &Batch, head: usize, delimiter_len: usize) -> Option<Batch> {
    if head == 0 || batch.ends.len() < FEW {
        return None;
    }
    let mut bytes = Vec::with_capacity(batch.bytes.len() + 2);
    let mut ends = Vec::with_capacity(batch.ends.len());
    bytes.extend_from_slice(&batch.bytes[..head]);
    for frame in batch.frames(delimiter_len) {
        let data = &frame[head..frame.len() - 1];
        if !is_closed(data) {
            return None;
        }
        bytes.push(if ends.is_empty() { b'[' } else { b',' });
        bytes.extend_from_slice(data);
        ends.push(bytes.len());
    }
    bytes.extend_from_slice(b"]}");
    *ends.last_mut()? = bytes.len();
    Some(Batch { bytes: bytes.into(), ends })
}

fn head_len(frame: &[u8]) -> Option<usize> {
    let rest = frame.strip_prefix(BEFORE_TYPE)?;
    let len = memchr(b'"', &rest[..rest.len().min(LONGEST_TYPE + 1)])?;
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    let (kind, rest) = rest.split_at(len);
    (kind.iter().all(plain) && rest.starts_with(AFTER_TYPE))
        .then_some(BEFORE_TYPE.len() + len + AFTER_TYPE.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::codec::Decoded;
    use crate::engine::codec::delimited::Decoder;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn batch_of(frames: &[&str]) -> Batch {
        let mut decoder = Decoder::new(b"\x0c".as_slice(), 1 << 20);
        for frame in frames {
            decoder.buffer().extend_from_slice(format!("{frame}\x0c").as_bytes());
        }
        let Some(Decoded::Batch(batch)) = decoder.next() else { panic!("no batch") };
        batch
    }

    fn head_of(frames: &[&str]) -> usize {
        common_head(&batch_of(frames), 1)
    }

    #[test]
    fn a_single_message_of_plain_text_is_recognized() {
        let plain = |frames: &[&str]| is_plain_text(&batch_of(frames), head_of(frames));
        let text = r#"{"type":"a","data":"plain"}"#;
        assert!(plain(&[text]));
        assert!(plain(&[r#"{"type":"a","data":""}"#]));
        assert!(!plain(&[text, text]));
        assert!(!plain(&[r#"{"type":"a","data":"
"}"#]));
        assert!(!plain(&[r#"{"type":"a","data":1}"#]));
        assert!(!plain(&[r#"{"type":"a","data":"}"#]));
        assert!(!plain(&["no"]));
    }

    #[test]
    fn a_head_is_what_all_frames_begin_with() {
        let len = "{\"type\":\"a.b\",\"data\":".len();
        assert_eq!(head_of(&[r#"{"type":"a.b","data":1}"#]), len);
        assert_eq!(head_of(&[r#"{"type":"a.b","data":1}"#, r#"{"type":"a.b","data":{}}"#]), len);
        assert_eq!(head_of(&[r#"{"type":"a.b","data":1}"#, r#"{"type":"a","data":1}"#]), 0);
        assert_eq!(head_of(&[r#"{"type":"a.b","data":1}"#, "no"]), 0);
    }

    #[test]
    fn other_forms_have_none() {
        for frame in [
            "",
            "{}",
            r#"{"type":"a"}"#,
            r#"{"type":"a","data":"#,
            r#"{"type":"a","data":}"#,
            r#"{"type":"a","data":1"#,
            r#"{"type":"a","data":1} "#,
            r#"{ "type":"a","data":1}"#,
            r#"{"data":1,"type":"a"}"#,
            r#"{"type":1,"data":1}"#,
            r#"{"type":"a\"","data":1}"#,
            r#"{"type":"a\\","data":1}"#,
            "{\"type\":\"\u{e9}\",\"data\":1}",
            "{\"type\":\"\t\",\"data\":1}",
            "{\"type\":\"a",
        ] {
            assert_eq!(head_of(&[frame]), 0, "{frame}");
        }
    }

    #[test]
    fn several_are_joined_into_one_whose_data_are_theirs() {
        let frames = [
            r#"{"type":"a","data":{"x":[1]}}"#,
            r#"{"type":"a","data":"}"}"#,
            r#"{"type":"a","data":0}"#,
        ];
        let join = |frames: &[&str]| {
            let batch = batch_of(frames);
            joined(&batch, common_head(&batch, 1), 1)
        };
        assert_eq!(join(&frames), None); // they are few
        let more = join(&[&frames[..], &frames[..]].concat()).unwrap();
        assert_eq!(more.bytes, r#"{"type":"a","data":[{"x":[1]},"}",0,{"x":[1]},"}",0]}"#);
        let data: Vec<&[u8]> = more.frames(1).collect();
        assert_eq!(data[1], br#""}""#);
        assert_eq!(data[5], b"0]}");
        for odd in ["1,2", "", "{", "]", "{}[]", r#""a"b""#, " 1"] {
            let odd = format!(r#"{{"type":"a","data":{odd}}}"#);
            assert_eq!(join(&[&[odd.as_str()][..], &frames[..]].concat()), None, "{odd}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        // Whatever follows the head: if it is one JSON value, both ways of reading it agree.
        #[test]
        fn what_the_shortcut_reads_is_what_a_parser_reads(
            kind in "[ -~]{0,6}",
            inside in prop_oneof!["[0-9\"{}:,a\\[\\]\\\\ ]{0,12}", Just("{\"x\":[1]}".into())],
        ) {
            let frame = format!("{{\"type\":\"{kind}\",\"data\":{inside}}}");
            let head = head_of(&[&frame]);
            if head > 0 && let Ok(data) = serde_json::from_str::<Value>(&frame[head..frame.len() - 1]) {
                let whole: Value = serde_json::from_str(&frame).unwrap();
                let kind = &frame[BEFORE_TYPE.len()..head - AFTER_TYPE.len()];
                prop_assert_eq!(whole, json!({ "type": kind, "data": data }));
            }
        }
    }
}
