//! JSON strings, fast: for long ones, which make up the whole of a message. Used by [`super::envelope`]
//! and the binding; everything else about JSON is left to real parsers.

/// Appends ASCII text as a JSON string, exactly as `JSON.stringify` does (RFC 8259, section 7; ECMA-262,
/// QuoteJSONString).
pub fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain_len(rest));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else { break };
        escape(byte, out);
        rest = after;
    }
    out.push(b'"');
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => {
            let digit = |value: u8| b"0123456789abcdef"[usize::from(value & 0xf)];
            return out.extend_from_slice(&[
                b'\\',
                b'u',
                b'0',
                b'0',
                digit(byte >> 4),
                digit(byte),
            ]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Whether `text` is one JSON string without escapes, which stands for what is between its quotes.
pub fn is_plain_string(text: &[u8]) -> bool {
    let inside = text.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    inside.is_some_and(is_plain)
}

/// Whether `text` is the same within the quotes of a JSON string.
pub fn is_plain(text: &[u8]) -> bool {
    plain_len(text) == text.len()
}

/// The length of what comes before the first byte that has to be escaped.
fn plain_len(text: &[u8]) -> usize {
    /// So many bytes are looked at in one go, which compilers turn into a few vector instructions.
    const STEP: usize = 64;
    let special = |byte: &u8| (*byte < b' ') | (*byte == b'"') | (*byte == b'\\');
    let any = |step: &[u8; STEP]| step.iter().fold(false, |found, byte| found | special(byte));
    let (steps, _) = text.as_chunks::<STEP>();
    let start = steps.iter().take_while(|step| !any(step)).count() * STEP;
    let rest = &text[start..];
    start + rest.iter().position(special).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn quotes_as_a_json_library_does(text in "[\\x00-\\x7f]{0,300}") {
            let mut quoted = Vec::new();
            quote(text.as_bytes(), &mut quoted);
            prop_assert_eq!(quoted, serde_json::to_vec(&text).unwrap());
        }

        #[test]
        fn a_plain_string_is_what_is_between_its_quotes(text in "[ !\"\\\\a\u{e9}\\x1f]{0,3}[b-z]{0,200}[\"a\\\\\\n]{0,2}") {
            let quoted = format!("\"{text}\"");
            let read = serde_json::from_str::<String>(&quoted).ok();
            prop_assert_eq!(is_plain_string(quoted.as_bytes()), read.as_ref() == Some(&text));
        }
    }

    #[test]
    fn no_string_at_all_is_not_plain() {
        for text in ["", "\"", "1", "a\"", "\"a", "{\"a\":1}"] {
            assert!(!is_plain_string(text.as_bytes()), "{text}");
        }
    }
}
