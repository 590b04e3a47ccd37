//! The parts of JSON that can be recognized fast: strings, which may be most of a message, and the ends of values.
//! Used by [`super::envelope`] and the binding. Everything else about JSON is left to real parsers.

/// Appends UTF-8 as a JSON string, exactly as `JSON.stringify` does (RFC 8259, section 7; ECMA-262,
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

/// Whether `text` is one JSON string without escapes: its value is what is between the quotes.
pub fn is_plain_string(text: &[u8]) -> bool {
    let inside = text.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    inside.is_some_and(is_plain)
}

/// Whether `text` stays the same within the quotes of a JSON string.
pub fn is_plain(text: &[u8]) -> bool {
    plain_len(text) == text.len()
}

/// The length of what comes before the first byte that has to be escaped.
fn plain_len(text: &[u8]) -> usize {
    /// This many bytes are examined in one go, which compilers turn into a few vector instructions.
    const STEP: usize = 64;
    let special = |byte: &u8| (*byte < b' ') | (*byte == b'"') | (*byte == b'\\');
    let any = |step: &[u8; STEP]| step.iter().fold(false, |found, byte| found | special(byte));
    let (steps, _) = text.as_chunks::<STEP>();
    let start = steps.iter().take_while(|step| !any(step)).count() * STEP;
    let rest = &text[start..];
    start + rest.iter().position(special).unwrap_or(rest.len())
}

/// Whether a parser that accepts a JSON value at the start of `text` has then read all of `text`, whatever follows.
/// May be false although that holds: for texts with white space around them, and for strings with escapes.
pub fn is_closed(text: &[u8]) -> bool {
    match text.first() {
        Some(b'{' | b'[') => is_bracketed(text),
        Some(b'"') => is_plain_string(text),
        _ => is_bare(text),
    }
}

/// Whether `text` can be a number, or `true`, `false` or `null`: nothing in it ends a value.
fn is_bare(text: &[u8]) -> bool {
    let bare = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'E' | b'a'..=b'z');
    !text.is_empty() && text.iter().all(bare)
}

/// Bytes that are examined in one go.
const BLOCK: usize = 64;

/// Whether the bracket that `text` begins with is closed by its last byte, counting brackets outside strings. Their
/// kinds are not compared: a parser does that.
fn is_bracketed(text: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut strings = Strings::default();
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut last = [b' '; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    let all = blocks.iter().chain(std::iter::once(&last));
    for (block, start) in all.zip((0..).step_by(BLOCK)) {
        let Found { quotes, backslashes, opening, closing } = find(block);
        let inside = strings.inside(quotes, backslashes);
        let mut brackets = (opening | closing) & !inside;
        while brackets != 0 {
            let bracket = brackets & brackets.wrapping_neg();
            brackets ^= bracket;
            if opening & bracket != 0 {
                depth += 1;
            } else {
                depth -= 1; // the first one opens
                if depth == 0 {
                    return start + bracket.trailing_zeros() as usize == text.len() - 1;
                }
            }
        }
    }
    false
}

/// Finds the strings of a JSON text, block by block, with a bit for each byte.
#[derive(Default)]
struct Strings {
    /// All bits are set if the previous block ended within a string.
    inside: u64,
    /// 1 if the last byte of the previous block escapes the first one of this block.
    escaped: u64,
}

impl Strings {
    /// The bytes within strings, including opening quotes and excluding closing ones.
    fn inside(&mut self, quotes: u64, backslashes: u64) -> u64 {
        let quotes = quotes & !self.escaped_by(backslashes);
        // Each bit becomes the sum (modulo 2) of the bits up to it: whether the number of quotes so far is odd.
        let mut sums = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            sums ^= sums << shift;
        }
        let inside = sums ^ self.inside;
        self.inside = if inside >> 63 == 1 { u64::MAX } else { 0 };
        inside
    }

    /// The bytes that follow a backslash which is not itself escaped.
    fn escaped_by(&mut self, backslashes: u64) -> u64 {
        let mut escaped = self.escaped;
        let mut rest = backslashes & !escaped;
        self.escaped = 0;
        while rest != 0 {
            let backslash = rest & rest.wrapping_neg();
            let next = backslash << 1;
            self.escaped = u64::from(next == 0);
            escaped |= next;
            rest &= !(backslash | next);
        }
        escaped
    }
}

/// The bytes that matter in a block, with a bit for each byte.
struct Found {
    quotes: u64,
    backslashes: u64,
    opening: u64,
    closing: u64,
}

/// A bit in which brackets and braces differ.
const CURLY: u8 = b'{' ^ b'[';

#[cfg(target_arch = "x86_64")]
fn find(block: &[u8; BLOCK]) -> Found {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
    };
    let mut found = Found { quotes: 0, backslashes: 0, opening: 0, closing: 0 };
    for (part, at) in block.as_chunks::<16>().0.iter().zip([0, 16, 32, 48]) {
        // SAFETY: SSE2 is part of x86-64. `part` has the 16 bytes that are read, and they need no alignment.
        unsafe {
            let part = _mm_loadu_si128(part.as_ptr().cast::<__m128i>());
            let bits = |part, byte: u8| {
                let same = _mm_cmpeq_epi8(part, _mm_set1_epi8(byte.cast_signed()));
                u64::from(_mm_movemask_epi8(same).cast_unsigned()) << at
            };
            let curly = _mm_or_si128(part, _mm_set1_epi8(CURLY.cast_signed()));
            found.quotes |= bits(part, b'"');
            found.backslashes |= bits(part, b'\\');
            found.opening |= bits(curly, b'{');
            found.closing |= bits(curly, b'}');
        }
    }
    found
}

#[cfg(not(target_arch = "x86_64"))]
fn find(block: &[u8; BLOCK]) -> Found {
    find_anywhere(block)
}

/// The same as `find`, on any processor.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn find_anywhere(block: &[u8; BLOCK]) -> Found {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let mut found = Found { quotes: 0, backslashes: 0, opening: 0, closing: 0 };
    for (word, at) in block.as_chunks::<8>().0.iter().zip((0..).step_by(8)) {
        let word = u64::from_le_bytes(*word);
        let bits = |word: u64, byte: u8| {
            let differ = word ^ (ONES * u64::from(byte));
            // Sets the highest bit of each byte that does not differ, without carries from one byte to the next.
            let same = !(((differ & !HIGH) + !HIGH) | differ) & HIGH;
            // Moves these eight bits next to each other.
            ((same >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << at
        };
        let curly = word | (ONES * u64::from(CURLY));
        found.quotes |= bits(word, b'"');
        found.backslashes |= bits(word, b'\\');
        found.opening |= bits(curly, b'{');
        found.closing |= bits(curly, b'}');
    }
    found
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

    /// The same, byte by byte.
    fn is_closed_slowly(text: &[u8]) -> bool {
        let (mut depth, mut in_string, mut escaped) = (0, false, false);
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'"' if !escaped => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        return at == text.len() - 1;
                    }
                }
                _ => {}
            }
            escaped = *byte == b'\\' && !escaped;
        }
        false
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn brackets_are_counted_outside_strings(
            text in "[\\[{][a\"\\\\\\[\\]{}]{0,40}[a-c]{0,70}[a\"\\\\\\[\\]{}]{0,70}[\\]}]",
        ) {
            prop_assert_eq!(is_bracketed(text.as_bytes()), is_closed_slowly(text.as_bytes()), "{}", text);
        }

        #[test]
        fn every_processor_finds_the_same(block in proptest::collection::vec(prop_oneof![
            any::<u8>(), Just(b'"'), Just(b'\\'), Just(b'{'), Just(b'['), Just(b'}'), Just(b']'),
        ], BLOCK)) {
            let block: &[u8; BLOCK] = block.as_slice().try_into().unwrap();
            let all = |Found { quotes, backslashes, opening, closing }| [quotes, backslashes, opening, closing];
            let of = |bytes: &[u8]| block.iter().enumerate()
                .fold(0, |bits, (at, byte)| bits | (u64::from(bytes.contains(byte)) << at));
            let slowly = [of(b"\""), of(b"\\"), of(b"{["), of(b"}]")];
            prop_assert_eq!(all(find(block)), slowly);
            prop_assert_eq!(all(find_anywhere(block)), slowly);
        }

        // The parser refuses texts that are not JSON, and reads every other text as it would on
        // its own.
        #[test]
        fn closed_texts_are_read_one_by_one_in_an_array(
            texts in proptest::collection::vec("[\\[\\]{}\",:a1 \\\\]{0,6}", 1..4),
        ) {
            if !texts.iter().all(|text| is_closed(text.as_bytes())) {
                return Ok(());
            }
            let whole = format!("[{}]", texts.join(","));
            if let Ok(whole) = serde_json::from_str::<Vec<serde_json::Value>>(&whole) {
                let each: Vec<serde_json::Value> =
                    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
                prop_assert_eq!(whole, each);
            }
        }
    }

    #[test]
    fn a_closed_text_is_one_value() {
        for text in ["1", "-1.5e+3", "null", "true", "\"a\"", "{}", "[]", r#"{"a":[1,"}\"]"]}"#] {
            assert!(is_closed(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            " ",
            "1,2",
            "1 ",
            "{}{}",
            "{},{}",
            "[1],[2]",
            "[",
            "{\"a\":1",
            "\"a\",\"b\"",
            "]",
            "],[",
        ] {
            assert!(!is_closed(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn no_string_at_all_is_not_plain() {
        for text in ["", "\"", "1", "a\"", "\"a", "{\"a\":1}"] {
            assert!(!is_plain_string(text.as_bytes()), "{text}");
        }
    }
}
