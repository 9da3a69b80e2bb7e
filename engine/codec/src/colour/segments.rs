//! Segmented palette data (PS3.3 C.7.9.2): runs, ramps and copies of earlier segments.

use crate::{Error, Result};

/// Expands segments into `entries` entries.
///
/// Each of `words` is one value of the segment data, `word_bytes` (1 or 2) wide.
///
/// # Errors
///
/// [`Error::Invalid`] for an unknown opcode, a ramp without start, a copy of copies, or another number of
/// entries than `entries`.
pub(super) fn expand(words: &[u16], word_bytes: usize, entries: usize) -> Result<Vec<u16>> {
    let mut expansion = Expansion {
        words,
        word_bytes,
        entries,
        values: Vec::with_capacity(entries),
    };
    let mut at = 0;
    // A padding byte or word may follow the last segment.
    while expansion.values.len() < entries && at + 1 < words.len() {
        at = expansion.segment(at, true)?;
    }
    if expansion.values.len() == entries {
        Ok(expansion.values)
    } else {
        Err(invalid(
            format!("{entries} entries"),
            format!("{}", expansion.values.len()),
        ))
    }
}

struct Expansion<'w> {
    words: &'w [u16],
    word_bytes: usize,
    entries: usize,
    values: Vec<u16>,
}

impl Expansion<'_> {
    /// Expands the segment at `at`; gives where the next begins.
    fn segment(&mut self, at: usize, may_copy: bool) -> Result<usize> {
        let (opcode, length) = (self.word(at)?, usize::from(self.word(at + 1)?));
        let body = at + 2;
        match opcode {
            0 => {
                let end = body + length;
                let values = self.words.get(body..end).ok_or_else(|| ended(at))?;
                self.values
                    .extend(values.iter().take(self.entries - self.values.len()));
                Ok(end)
            }
            1 => {
                self.ramp(length, self.word(body)?)?;
                Ok(body + 1)
            }
            2 if may_copy => {
                let mut from = self.offset(body)?;
                for _ in 0..length {
                    if self.values.len() == self.entries {
                        break;
                    }
                    from = self.segment(from, false)?;
                }
                Ok(body + self.offset_words())
            }
            _ => Err(invalid(
                "a discrete, linear or indirect segment".to_owned(),
                format!("opcode {opcode}"),
            )),
        }
    }

    fn ramp(&mut self, length: usize, end: u16) -> Result<()> {
        let Some(&start) = self.values.last() else {
            return Err(invalid(
                "a value before the first linear segment".to_owned(),
                "none".to_owned(),
            ));
        };
        let (start, end) = (f64::from(start), f64::from(end));
        let step = (end - start) / length as f64;
        let value = |index: usize| (start + step * index as f64).round_ties_even() as u16;
        self.values
            .extend((1..=length.min(self.entries - self.values.len())).map(value));
        Ok(())
    }

    /// Gives the place that an indirect segment points to; the data state it in bytes.
    fn offset(&self, at: usize) -> Result<usize> {
        let mut bytes = 0;
        for place in 0..self.offset_words() {
            bytes |= usize::from(self.word(at + place)?) << (8 * self.word_bytes * place);
        }
        Ok(bytes / self.word_bytes)
    }

    /// Gives how many words the 32-bit offset of an indirect segment takes.
    fn offset_words(&self) -> usize {
        4 / self.word_bytes
    }

    fn word(&self, at: usize) -> Result<u16> {
        self.words.get(at).copied().ok_or_else(|| ended(at))
    }
}

fn ended(at: usize) -> Error {
    invalid(format!("more than {at} values"), "the end".to_owned())
}

fn invalid(expected: String, found: String) -> Error {
    Error::Invalid {
        what: "segmented palette data",
        expected,
        found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[u16], word_bytes: usize, entries: usize, expected: &[u16]) {
        assert_eq!(expand(words, word_bytes, entries).unwrap(), expected);
    }

    fn refuses(words: &[u16], entries: usize, expected: &str) {
        assert_eq!(expand(words, 2, entries).unwrap_err().to_string(), expected);
    }

    #[test]
    fn expands_runs_ramps_and_copies() {
        check(&[0, 2, 10, 20, 1, 4, 40], 2, 6, &[10, 20, 25, 30, 35, 40]);
        check(&[0, 1, 40, 1, 3, 10, 0], 1, 4, &[40, 30, 20, 10]);
        // The copied ramp starts from the value before it, and the offset counts bytes.
        check(
            &[0, 1, 0, 1, 2, 8, 0, 1, 100, 2, 1, 6, 0],
            2,
            6,
            &[0, 4, 8, 100, 54, 8],
        );
        check(&[0, 1, 0, 1, 2, 8, 2, 2, 0, 0, 0, 0], 1, 6, &[0, 4, 8, 0, 4, 8]);
        // What exceeds the stated number of entries is not made.
        check(&[0, 1, 7, 1, 65535, 9], 2, 2, &[7, 7]);
    }

    #[test]
    fn refuses_what_is_no_table() {
        refuses(
            &[1, 4, 40],
            4,
            "segmented palette data: expected a value before the first linear segment, found none",
        );
        refuses(
            &[0, 1, 5, 3, 1, 0],
            4,
            "segmented palette data: expected a discrete, linear or indirect segment, found opcode 3",
        );
        // A copy of itself would never end.
        refuses(
            &[0, 1, 5, 2, 9, 6, 0],
            4,
            "segmented palette data: expected a discrete, linear or indirect segment, found opcode 2",
        );
        refuses(
            &[0, 1, 5],
            4,
            "segmented palette data: expected 4 entries, found 1",
        );
        refuses(
            &[0, 9, 5],
            4,
            "segmented palette data: expected more than 0 values, found the end",
        );
        refuses(
            &[0, 1, 5, 2, 1, 0xFFFF, 0xFFFF],
            4,
            "segmented palette data: expected more than 2147483647 values, found the end",
        );
    }
}
