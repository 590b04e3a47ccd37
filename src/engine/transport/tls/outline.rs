//! What the verifier needs to know about a certificate that webpki does not report, or for version 1
//! refuses to parse: names, dates, key and signature. The bytes may be hostile: every length is
//! checked.

/// The outline of an X.509 certificate, borrowing from its DER.
#[derive(Debug)]
pub struct Outline<'a> {
    /// What the signature covers.
    pub tbs: &'a [u8],
    /// Version 1, which cannot have extensions.
    pub v1: bool,
    /// The name, in DER.
    pub issuer: &'a [u8],
    /// See `issuer`.
    pub subject: &'a [u8],
    /// Seconds since 1970.
    pub not_before: i64,
    /// See `not_before`.
    pub not_after: i64,
    /// SubjectPublicKeyInfo, DER.
    pub key: &'a [u8],
    /// Algorithm of the signature: the contents of its AlgorithmIdentifier.
    pub algorithm: &'a [u8],
    /// The signature over `tbs`.
    pub signature: &'a [u8],
    /// It may sign certificates, by OpenSSL's rules.
    pub may_issue: bool,
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// Algorithms of signatures, by RFC 3279, section 2.2.
const MD5_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4];
const SHA1_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
const ECDSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
/// Bit 5 of KeyUsage.
const KEY_CERT_SIGN: u8 = 0x04;

impl<'a> Outline<'a> {
    /// `None` if it is not a certificate.
    pub fn parse(der: &'a [u8]) -> Option<Self> {
        let mut outer = Der(der);
        let mut certificate = Der(outer.take(SEQUENCE)?.value);
        let tbs = certificate.take(SEQUENCE)?;
        let algorithm = certificate.take(SEQUENCE)?.value;
        let signature = bits(certificate.take(BIT_STRING)?.value)?;
        let mut fields = Der(tbs.value);
        let version = match fields.take(VERSION) {
            Some(version) => *Der(version.value).take(INTEGER)?.value.last()?,
            None => 0,
        };
        fields.take(INTEGER)?; // the serial number
        fields.take(SEQUENCE)?; // the signature's algorithm, again
        let issuer = fields.take(SEQUENCE)?.whole;
        let mut dates = Der(fields.take(SEQUENCE)?.value);
        let (not_before, not_after) = (time(dates.next()?)?, time(dates.next()?)?);
        let subject = fields.take(SEQUENCE)?.whole;
        let key = fields.take(SEQUENCE)?.whole;
        let v1 = version == 0;
        let may_issue = match usage(fields)? {
            Usage { may_sign: Some(false), .. } => false,
            Usage { ca: Some(ca), .. } => ca,
            Usage { may_sign: Some(true), .. } => true,
            _ => v1 && issuer == subject,
        };
        let tbs = tbs.whole;
        Some(Self {
            tbs,
            v1,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            algorithm,
            signature,
            may_issue,
        })
    }

    /// Signed over MD5 or SHA-1, which nobody should believe any more.
    pub fn is_signed_weakly(&self) -> bool {
        let Some(Element { value: oid, .. }) = Der(self.algorithm).take(OID) else { return false };
        [MD5_WITH_RSA, SHA1_WITH_RSA, ECDSA_WITH_SHA1].contains(&oid)
    }

    /// Issuer and subject have the same name.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }
}

/// What the extensions say, if they are there.
#[derive(Default)]
struct Usage {
    ca: Option<bool>,
    may_sign: Option<bool>,
}

/// Reads what follows the key in a certificate.
fn usage(mut rest: Der<'_>) -> Option<Usage> {
    let mut usage = Usage::default();
    while let Some(field) = rest.next() {
        if field.tag != EXTENSIONS {
            continue; // the unique identifiers, which nobody uses
        }
        let mut extensions = Der(Der(field.value).take(SEQUENCE)?.value);
        while let Some(extension) = extensions.take(SEQUENCE) {
            let mut extension = Der(extension.value);
            let oid = extension.take(OID)?.value;
            extension.take(BOOLEAN); // critical
            let mut value = Der(extension.take(OCTET_STRING)?.value);
            if oid == BASIC_CONSTRAINTS {
                let mut constraints = Der(value.take(SEQUENCE)?.value);
                let ca = constraints.take(BOOLEAN).is_some_and(|ca| ca.value != [0]);
                usage.ca = Some(ca);
            } else if oid == KEY_USAGE {
                let [_unused, first, ..] = value.take(BIT_STRING)?.value else { return None };
                usage.may_sign = Some(first & KEY_CERT_SIGN != 0);
            }
        }
    }
    Some(usage)
}

/// One DER element.
struct Element<'a> {
    tag: u8,
    value: &'a [u8],
    /// Including tag and length.
    whole: &'a [u8],
}

/// DER that is left to read.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next element, if it has this tag. Otherwise it stays.
    fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() == Some(&tag) { self.next() } else { None }
    }

    fn next(&mut self) -> Option<Element<'a>> {
        let (&[tag, short], rest) = self.0.split_first_chunk::<2>()?;
        let (length, header) = if short < 0x80 {
            (usize::from(short), 2)
        } else {
            let count = usize::from(short & 0x7f);
            if !(1..=3).contains(&count) {
                return None; // no certificate is that long
            }
            let digits = rest.get(..count)?;
            (digits.iter().fold(0, |n, &digit| n << 8 | usize::from(digit)), 2 + count)
        };
        let whole = self.0.get(..header + length)?;
        self.0 = &self.0[whole.len()..];
        Some(Element { tag, value: &whole[header..], whole })
    }
}

/// The bytes of a bit string of whole bytes.
fn bits(value: &[u8]) -> Option<&[u8]> {
    match value {
        [0, bytes @ ..] => Some(bytes),
        _ => None,
    }
}

/// Seconds since 1970 of `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn time(element: Element<'_>) -> Option<i64> {
    let text = str::from_utf8(element.value).ok()?.strip_suffix('Z')?;
    let (year, rest) = match element.tag {
        UTC_TIME if text.len() == 12 => {
            let year = number(text.get(..2)?)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, text.get(2..)?)
        }
        GENERALIZED_TIME if text.len() == 14 => (number(text.get(..4)?)?, text.get(4..)?),
        _ => return None,
    };
    let mut fields = [0; 5];
    for (index, field) in fields.iter_mut().enumerate() {
        *field = number(rest.get(2 * index..2 * index + 2)?)?;
    }
    let [month, day, hour, minute, second] = fields;
    if !(1..=12).contains(&month) {
        return None;
    }
    Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

fn number(digits: &str) -> Option<i64> {
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that a
/// leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    let day_of_year = (153 * since_march + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(tag: u8, text: &str) -> Option<i64> {
        time(Element { tag, value: text.as_bytes(), whole: &[] })
    }

    #[test]
    fn dates() {
        for (tag, text, expected) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (UTC_TIME, "500101000000Z", Some(-631_152_000)),
            (GENERALIZED_TIME, "20240229120000Z", Some(1_709_208_000)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (GENERALIZED_TIME, "20241329120000Z", None),
            (GENERALIZED_TIME, "2024022912000+Z", None),
            (UTC_TIME, "7001010000Z", None),
            (UTC_TIME, "700101000000", None),
        ] {
            assert_eq!(seconds(tag, text), expected, "{text}");
        }
    }

    #[test]
    fn lengths_beyond_the_end_are_refused() {
        for der in [
            &[SEQUENCE, 5, 0][..],
            &[SEQUENCE, 0x84, 0, 0, 0, 0],
            &[SEQUENCE, 0x82, 1],
            &[SEQUENCE],
        ] {
            assert!(Der(der).next().is_none());
        }
        assert!(Der(&[SEQUENCE, 0x81, 1, 9]).next().is_some_and(|element| element.value == [9]));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_survived(mut der in proptest::collection::vec(any::<u8>(), 0..300), nest in 0..40usize) {
            // Nested sequences get further into the parser than noise alone.
            for _ in 0..nest {
                let mut outer = vec![SEQUENCE, 0x82, (der.len() >> 8) as u8, der.len() as u8];
                outer.append(&mut der);
                der = outer;
            }
            Outline::parse(&der);
        }
    }
}
