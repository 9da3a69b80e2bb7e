//! A body as it arrives, in pieces of any size.

use memchr::memmem::{self, Finder};

use super::{Error, READ, invalid, is_boundary};

/// How much a body may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Parts.
    pub parts: u64,
    /// Bytes of one part's content.
    pub part_bytes: u64,
    /// Bytes of one part's headers.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            parts: 100_000,
            part_bytes: 8 << 30,
            header_bytes: 16 << 10,
        }
    }
}

/// What was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A part begins: its headers, names in lower case.
    Part(Vec<(String, String)>),
    /// More of its content; never empty.
    Content(&'a [u8]),
    /// The part is whole.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    Delimiter,
    Headers,
    Content { bytes: u64 },
    Done,
}

/// Takes a body apart.
#[derive(Debug)]
pub struct Reader {
    /// Line break, two hyphens, boundary.
    delimiter: Finder<'static>,
    limits: Limits,
    state: State,
    parts: u64,
    waiting: Vec<u8>,
}

impl Reader {
    /// Begins a body with this boundary.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a boundary that RFC 2046 does not allow.
    pub fn new(boundary: &str, limits: Limits) -> Result<Self, Error> {
        if !is_boundary(boundary, READ) {
            return Err(invalid("a boundary of 1 to 200 characters"));
        }
        Ok(Self {
            delimiter: Finder::new(&[b"\r\n--", boundary.as_bytes()].concat()).into_owned(),
            limits,
            state: State::Preamble,
            parts: 0,
            // The first delimiter needs no line break before it.
            waiting: b"\r\n".to_vec(),
        })
    }

    /// Takes the next bytes of the body and tells `met` what was in them.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for what is no such body, [`Error::TooLarge`] beyond the limits; nothing can be read after either.
    pub fn push(&mut self, bytes: &[u8], mut met: impl FnMut(Event)) -> Result<(), Error> {
        // Pieces bound what is copied at once.
        for piece in bytes.chunks(64 << 10) {
            self.waiting.extend_from_slice(piece);
            let mut waiting = std::mem::take(&mut self.waiting);
            let mut at = 0;
            while let Some(taken) = self.step(&waiting[at..], &mut met)? {
                at += taken;
            }
            waiting.drain(..at);
            self.waiting = waiting;
        }
        Ok(())
    }

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] without the closing delimiter.
    pub fn finish(self) -> Result<(), Error> {
        if self.state == State::Done {
            Ok(())
        } else {
            Err(Error::Truncated)
        }
    }

    /// Takes some of `bytes`; `None` when more is needed.
    fn step(&mut self, bytes: &[u8], met: &mut impl FnMut(Event)) -> Result<Option<usize>, Error> {
        match self.state {
            State::Preamble => Ok(self.content(bytes, None, met)?),
            State::Content { bytes: before } => self.content(bytes, Some(before), met),
            State::Delimiter => self.after_delimiter(bytes),
            State::Headers => self.headers(bytes, met),
            // What follows the last part is nobody's.
            State::Done if bytes.is_empty() => Ok(None),
            State::Done => Ok(Some(bytes.len())),
        }
    }

    /// Content up to the next delimiter, or what cannot be the start of one; `before` is `None` in the preamble.
    fn content(
        &mut self,
        bytes: &[u8],
        before: Option<u64>,
        met: &mut impl FnMut(Event),
    ) -> Result<Option<usize>, Error> {
        let found = self.delimiter.find(bytes);
        let plain = found.unwrap_or_else(|| (bytes.len() + 1).saturating_sub(self.delimiter.needle().len()));
        if let Some(before) = before {
            let total = before + plain as u64;
            if total > self.limits.part_bytes {
                return Err(Error::TooLarge {
                    what: "part in bytes",
                    limit: self.limits.part_bytes,
                });
            }
            if plain > 0 {
                met(Event::Content(&bytes[..plain]));
            }
            self.state = State::Content { bytes: total };
        }
        if found.is_none() {
            return Ok((plain > 0).then_some(plain));
        }
        if before.is_some() {
            met(Event::End);
        }
        self.state = State::Delimiter;
        Ok(Some(plain + self.delimiter.needle().len()))
    }

    /// The rest of a delimiter's line: hyphens after the last part, else white space and a line break, which stays.
    fn after_delimiter(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        if bytes.starts_with(b"--") {
            self.state = State::Done;
            return Ok(Some(2));
        }
        let blank = bytes
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        if blank > self.limits.header_bytes {
            return Err(Error::TooLarge {
                what: "headers in bytes",
                limit: self.limits.header_bytes as u64,
            });
        }
        match bytes[blank..] {
            [b'\r', b'\n', ..] => {}
            [] | [b'\r'] => return Ok(None),
            [b'-'] if blank == 0 => return Ok(None),
            _ => return Err(invalid("a line break after a delimiter")),
        }
        self.parts += 1;
        if self.parts > self.limits.parts {
            return Err(Error::TooLarge {
                what: "parts",
                limit: self.limits.parts,
            });
        }
        self.state = State::Headers;
        Ok(Some(blank))
    }

    /// The headers of a part, from the line break before them to the empty line.
    fn headers(&mut self, bytes: &[u8], met: &mut impl FnMut(Event)) -> Result<Option<usize>, Error> {
        const END: &[u8] = b"\r\n\r\n";
        let found = memmem::find(bytes, END);
        if found.unwrap_or(bytes.len()) > self.limits.header_bytes {
            return Err(Error::TooLarge {
                what: "headers in bytes",
                limit: self.limits.header_bytes as u64,
            });
        }
        let Some(end) = found else { return Ok(None) };
        // A delimiter among the headers would hide a part; one of content needs its own line break, so it comes later.
        let Some(near) = bytes.get(..end + 2 + self.delimiter.needle().len()) else {
            return Ok(None);
        };
        if self.delimiter.find(near).is_some() {
            return Err(invalid("an empty line after a part's headers"));
        }
        met(Event::Part(parsed(&bytes[..end])?));
        self.state = State::Content { bytes: 0 };
        Ok(Some(end + END.len()))
    }
}

/// Header lines to names and values; a line that begins with white space continues the one before.
fn parsed(block: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let text = std::str::from_utf8(block).map_err(|_| invalid("headers of text"))?;
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in text.split("\r\n").filter(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            let (_, value) = headers.last_mut().ok_or_else(|| invalid("a header's name"))?;
            value.push(' ');
            value.push_str(line.trim());
            continue;
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| invalid("a colon in a header"))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(headers)
}
