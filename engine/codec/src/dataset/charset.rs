//! Character sets: text of any Specific Character Set (0008,0005) to Unicode (PS3.3 C.12.1.1.2, PS3.5 6.1).
//!
//! Single-byte sets, UTF-8, GB18030 and GBK are one table each. With code extensions (ISO 2022) escape
//! sequences change what the lower (G0) and upper (G1) halves of the byte range mean, and each delimiter
//! changes both back to the first value's sets.

use dicom_core::PrimitiveValue;
use dicom_core::value::Value;
use encoding_rs::{
    EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6,
    ISO_8859_7, ISO_8859_8, ISO_8859_15, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1254,
};

use crate::Warning;

/// What bytes of one half of the code table mean.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Half {
    /// ASCII; in the upper half, nothing is designated.
    Ascii,
    /// ISO 8859-1: the byte is the code point.
    Latin1,
    /// One byte a character, upper half of `Encoding`.
    Single(&'static Encoding),
    /// Two bytes a character, both with the high bit set in `Encoding`; `prefix` comes before them.
    Double(&'static Encoding, Option<u8>),
}

/// How text is encoded.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// One table for everything, no escapes.
    Whole(&'static Encoding),
    /// Two halves; escapes change them.
    Halves { upper: Half },
    /// Nothing was said: ASCII.
    Unstated,
}

/// The character set of a data set or item.
#[derive(Debug, Clone, PartialEq)]
pub struct CharacterSet {
    kind: Kind,
    unknown: Option<String>,
}

impl Default for CharacterSet {
    /// The basic repertoire, ASCII.
    fn default() -> Self {
        Self {
            kind: Kind::Unstated,
            unknown: None,
        }
    }
}

impl CharacterSet {
    /// Takes the value of Specific Character Set (0008,0005).
    #[must_use]
    pub fn of_terms<I, P>(value: &Value<I, P>) -> Self {
        let terms: Vec<String> = match value.primitive() {
            Some(PrimitiveValue::Strs(terms)) => terms.iter().cloned().collect(),
            Some(PrimitiveValue::Str(term)) => vec![term.clone()],
            _ => Vec::new(),
        };
        Self::of(&terms.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Takes the defined terms, the first of which may be empty.
    #[must_use]
    pub fn of(terms: &[&str]) -> Self {
        let first = terms.first().map_or("", |term| term.trim());
        let whole = |encoding| Self {
            kind: Kind::Whole(encoding),
            unknown: None,
        };
        match first {
            "ISO_IR 192" => return whole(UTF_8),
            "GB18030" => return whole(GB18030),
            "GBK" => return whole(GBK),
            "" if terms.len() <= 1 => return Self::default(),
            _ => {}
        }
        // Terms are written with spaces, underscores or hyphens by one sender or another.
        let number = first.rsplit([' ', '_', '-']).next().unwrap_or_default();
        let upper = match number {
            "" | "6" => Some(designated_early(terms)),
            "100" => Some(Half::Latin1),
            "101" => Some(Half::Single(ISO_8859_2)),
            "109" => Some(Half::Single(ISO_8859_3)),
            "110" => Some(Half::Single(ISO_8859_4)),
            "144" => Some(Half::Single(ISO_8859_5)),
            "127" => Some(Half::Single(ISO_8859_6)),
            "126" => Some(Half::Single(ISO_8859_7)),
            "138" => Some(Half::Single(ISO_8859_8)),
            "148" => Some(Half::Single(WINDOWS_1254)),
            "203" => Some(Half::Single(ISO_8859_15)),
            "13" => Some(Half::Single(SHIFT_JIS)),
            "166" => Some(Half::Single(WINDOWS_874)),
            // A multi-byte set as first value is not allowed, and met: it starts as designated.
            "149" => Some(Half::Double(EUC_KR, None)),
            "58" => Some(Half::Double(GBK, None)),
            "87" | "159" => Some(Half::Ascii),
            _ => None,
        };
        match upper {
            Some(upper) => Self {
                kind: Kind::Halves { upper },
                unknown: None,
            },
            None => Self {
                kind: Kind::Unstated,
                unknown: Some(first.to_owned()),
            },
        }
    }

    /// A remark when the term is not one of the standard's.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        let term = self.unknown.as_ref()?;
        let known: String = term
            .chars()
            .filter(|c| c.is_ascii_graphic() || *c == ' ')
            .take(32)
            .collect();
        let text = format!(
            "expected a character set of PS3.3 C.12.1.1.2, found {known:?}; text read as UTF-8 or Latin-1"
        );
        Some(Warning::new("unknown-character-set", text))
    }

    /// Gives text as Unicode; `name` tells that `^` and `=` are delimiters too (representation PN).
    ///
    /// Bytes that the set does not define become U+FFFD. Without a stated set, bytes beyond ASCII are read as
    /// UTF-8 where they are valid UTF-8, else as Latin-1.
    #[must_use]
    pub fn decode(&self, bytes: &[u8], name: bool) -> String {
        const ESCAPE: u8 = 0x1B;
        if bytes.is_ascii() && !bytes.contains(&ESCAPE) {
            return bytes.iter().map(|byte| char::from(*byte)).collect();
        }
        match &self.kind {
            Kind::Whole(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Kind::Halves { upper } => Shifting::new(*upper, name).decode(bytes),
            Kind::Unstated => match std::str::from_utf8(bytes) {
                Ok(text) if !bytes.contains(&ESCAPE) => text.to_owned(),
                _ if bytes.contains(&ESCAPE) => Shifting::new(Half::Latin1, name).decode(bytes),
                _ => latin1(bytes),
            },
        }
    }

    /// Gives the bytes of text in this set; `None` for what it does not have, or only with escape sequences.
    #[must_use]
    pub fn encode(&self, text: &str) -> Option<Vec<u8>> {
        if text.is_ascii() {
            return Some(text.as_bytes().to_vec());
        }
        match &self.kind {
            Kind::Whole(encoding) => {
                let (bytes, _, unmapped) = encoding.encode(text);
                (!unmapped).then(|| bytes.into_owned())
            }
            Kind::Halves { upper } => text.chars().map(|c| single(*upper, c)).collect(),
            Kind::Unstated => None,
        }
    }

    /// Whether the set was stated, and is one of the standard's.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.kind != Kind::Unstated
    }
}

/// The one byte of a character in the upper half.
fn single(upper: Half, c: char) -> Option<u8> {
    if c.is_ascii() {
        return u8::try_from(c).ok();
    }
    match upper {
        Half::Latin1 => u8::try_from(u32::from(c)).ok().filter(|byte| *byte >= 0xA0),
        Half::Single(encoding) => {
            let text = c.to_string();
            let (bytes, _, unmapped) = encoding.encode(&text);
            match *bytes {
                [byte] if !unmapped && byte >= 0xA0 => Some(byte),
                _ => None,
            }
        }
        Half::Ascii | Half::Double(..) => None,
    }
}

/// What bytes beyond ASCII mean before any escape, where the standard lets them mean nothing.
///
/// Senders of Chinese and Korean leave the escapes out (pydicom is one); what they meant is the set they name.
fn designated_early(terms: &[&str]) -> Half {
    let is_number = |number: &str| {
        terms
            .iter()
            .any(|term| term.trim().ends_with(&format!(" {number}")))
    };
    if is_number("58") {
        Half::Double(GBK, None)
    } else if is_number("149") {
        Half::Double(EUC_KR, None)
    } else {
        Half::Ascii
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// ISO 2022 in the form that DICOM uses: G0 in the lower half, G1 in the upper.
struct Shifting {
    first_upper: Half,
    name: bool,
    lower: Half,
    upper: Half,
}

impl Shifting {
    fn new(first_upper: Half, name: bool) -> Self {
        Self {
            first_upper,
            name,
            lower: Half::Ascii,
            upper: first_upper,
        }
    }

    fn decode(mut self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len());
        let mut rest = bytes;
        while let [byte, tail @ ..] = rest {
            if *byte == 0x1B {
                rest = self.escape(tail);
                continue;
            }
            let (half, upper) = if *byte < 0x80 {
                (self.lower, false)
            } else {
                (self.upper, true)
            };
            // Within a two-byte set of the lower half, delimiters may only stand after its escape back to ASCII;
            // control characters end it all the same.
            if !upper && (half == Half::Ascii || *byte < 0x21) && self.is_delimiter(*byte) {
                (self.lower, self.upper) = (Half::Ascii, self.first_upper);
                text.push(char::from(*byte));
                rest = tail;
                continue;
            }
            let taken = push(&mut text, half, upper, rest);
            rest = &rest[taken..];
        }
        text
    }

    fn is_delimiter(&self, byte: u8) -> bool {
        matches!(byte, b'\\' | b'\r' | b'\n' | 0x0C | b'\t') || (self.name && matches!(byte, b'^' | b'='))
    }

    /// Designates a set by the bytes after ESC; gives what follows them (PS3.3 tables C.12-3 and C.12-4).
    fn escape<'b>(&mut self, after: &'b [u8]) -> &'b [u8] {
        let designated = match after {
            [b'(', b'B' | b'J', ..] => (Some(Half::Ascii), None, 2),
            [b')', b'I', ..] => (None, Some(Half::Single(SHIFT_JIS)), 2),
            [b'-', b'A', ..] => (None, Some(Half::Latin1), 2),
            [b'-', b'B', ..] => (None, Some(Half::Single(ISO_8859_2)), 2),
            [b'-', b'C', ..] => (None, Some(Half::Single(ISO_8859_3)), 2),
            [b'-', b'D', ..] => (None, Some(Half::Single(ISO_8859_4)), 2),
            [b'-', b'L', ..] => (None, Some(Half::Single(ISO_8859_5)), 2),
            [b'-', b'G', ..] => (None, Some(Half::Single(ISO_8859_6)), 2),
            [b'-', b'F', ..] => (None, Some(Half::Single(ISO_8859_7)), 2),
            [b'-', b'H', ..] => (None, Some(Half::Single(ISO_8859_8)), 2),
            [b'-', b'M', ..] => (None, Some(Half::Single(WINDOWS_1254)), 2),
            [b'-', b'b', ..] => (None, Some(Half::Single(ISO_8859_15)), 2),
            [b'-', b'T', ..] => (None, Some(Half::Single(WINDOWS_874)), 2),
            [b'$', b'B' | b'@', ..] => (Some(Half::Double(EUC_JP, None)), None, 2),
            [b'$', b'(', b'D', ..] => (Some(Half::Double(EUC_JP, Some(0x8F))), None, 3),
            [b'$', b')', b'C', ..] => (None, Some(Half::Double(EUC_KR, None)), 3),
            [b'$', b')', b'A', ..] => (None, Some(Half::Double(GBK, None)), 3),
            _ => (None, None, 0),
        };
        self.lower = designated.0.unwrap_or(self.lower);
        self.upper = designated.1.unwrap_or(self.upper);
        &after[designated.2..]
    }
}

/// Appends the character at the start of `bytes`; gives the number of bytes it took, at least 1.
fn push(text: &mut String, half: Half, upper: bool, bytes: &[u8]) -> usize {
    let first = bytes[0];
    match half {
        Half::Double(encoding, prefix) if first & 0x7F > 0x20 => {
            let Some(second) = bytes.get(1) else {
                text.push(char::REPLACEMENT_CHARACTER);
                return 1;
            };
            let pair: Vec<u8> = prefix.into_iter().chain([first | 0x80, second | 0x80]).collect();
            text.push_str(&encoding.decode_without_bom_handling(&pair).0);
            2
        }
        Half::Single(encoding) if upper => {
            text.push_str(&encoding.decode_without_bom_handling(&[first]).0);
            1
        }
        Half::Latin1 => {
            text.push(char::from(first));
            1
        }
        _ if first < 0x80 => {
            text.push(char::from(first));
            1
        }
        _ => {
            text.push(char::REPLACEMENT_CHARACTER);
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CharacterSet;

    fn check(terms: &[&str], bytes: &[u8], expected: &str) {
        assert_eq!(CharacterSet::of(terms).decode(bytes, true), expected);
    }

    #[test]
    fn examples_of_the_standard() {
        // PS3.5 H.3.1, H.3.2, I.2, J.1, J.2.
        let h31 = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B";
        check(
            &["", "ISO 2022 IR 87"],
            h31,
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        );
        let h32 = b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J";
        check(
            &["ISO 2022 IR 13", "ISO 2022 IR 87"],
            h32,
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        );
        let i2 =
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf";
        check(&["", "ISO 2022 IR 149"], i2, "Hong^Gildong=洪^吉洞=홍^길동");
        check(
            &["ISO_IR 192"],
            "Wang^XiaoDong=王^小东=".as_bytes(),
            "Wang^XiaoDong=王^小东=",
        );
        check(
            &["GB18030"],
            b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
            "Wang^XiaoDong=王^小东=",
        );
        check(
            &["", "ISO 2022 IR 58"],
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
            "Zhang^XiaoDong=张^小东=",
        );
    }

    #[test]
    fn text_is_encoded_where_the_set_has_it() {
        for (terms, text, expected) in [
            (
                &["ISO_IR 192"][..],
                "王^小东",
                Some("王^小东".as_bytes().to_vec()),
            ),
            (&["GB18030"], "王^小", Some(b"\xcd\xf5^\xd0\xa1".to_vec())),
            (&["ISO_IR 100"], "J\u{e9}r", Some(b"J\xe9r".to_vec())),
            (&["ISO_IR 100"], "王", None),
            (&["ISO_IR 144"], "Лю", Some(b"\xbb\xee".to_vec())),
            (&["", "ISO 2022 IR 58"], "王", None),
            (&[], "王", None),
            (&[], "Wang", Some(b"Wang".to_vec())),
        ] {
            assert_eq!(CharacterSet::of(terms).encode(text), expected, "{terms:?} {text}");
        }
    }

    #[test]
    fn escapes_that_were_left_out_are_understood() {
        let terms = ["", "ISO 2022 IR 58"];
        check(
            &terms,
            b"Zhang^XiaoDong=\xd5\xc5^\xd0\xa1\xb6\xab",
            "Zhang^XiaoDong=张^小东",
        );
        check(&["", "ISO 2022 IR 149"], b"\xfb\xf3^\xd1\xce\xd4\xd7", "洪^吉洞");
    }

    #[test]
    fn single_byte_sets() {
        check(&["ISO_IR 100"], b"Buc^J\xe9r\xf4me", "Buc^Jérôme");
        check(&["ISO_IR 144"], b"\xbb\xee\xdace\xdc\xd1yp\xd3", "Люкceмбypг");
        check(
            &["ISO_IR 126"],
            b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2",
            "Διονυσιος",
        );
        check(
            &["ISO_IR 138"],
            b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4",
            "שרון^דבורה",
        );
        check(
            &["ISO_IR 127"],
            b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1",
            "قباني^لنزار",
        );
    }

    #[test]
    fn a_backslash_within_a_two_byte_character_is_no_delimiter() {
        // 0x5C is the second byte of this GB18030 character.
        check(&["GB18030"], b"\x81\x5c", "乗");
    }

    #[test]
    fn sets_return_after_a_delimiter() {
        check(
            &["ISO 2022 IR 100", "ISO 2022 IR 149"],
            b"\x1b$)C\xb1\xe6^\xb1\xe6",
            "길^±æ",
        );
    }

    #[test]
    fn unstated_and_unknown_sets_lose_nothing() {
        check(&[], "张".as_bytes(), "张");
        check(&[], b"J\xe9r", "Jér");
        check(&["NONSENSE"], b"J\xe9r", "Jér");
        assert!(CharacterSet::of(&["NONSENSE"]).warning().is_some());
    }

    #[test]
    fn broken_escapes_end() {
        check(&["", "ISO 2022 IR 87"], b"\x1b$B;", "\u{fffd}");
        check(&["", "ISO 2022 IR 87"], b"\x1b", "");
    }
}
