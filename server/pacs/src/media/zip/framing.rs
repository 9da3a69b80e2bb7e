//! What stands between the bytes of a zip's files (APPNOTE 6.3.10): headers, and the directory at its end.
//!
//! Checksums follow the bytes (general purpose bit 3), because files are read once. Sizes stand in the header too where they
//! are known. Beyond 4 GiB, or 65 535 files, the zip64 records are written, and only then.

/// Bit 3: checksum and sizes follow the bytes; bit 11: the name is UTF-8.
const FLAGS: u16 = 1 << 3 | 1 << 11;
const VERSION: u16 = 20;
const VERSION_ZIP64: u16 = 45;
/// 1 January 1980, the first day of the format: files tell no time.
const DATE: u16 = 1 << 5 | 1;
const MAX_32: u64 = u32::MAX as u64;

/// How the bytes of a file are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored = 0,
    Deflated = 8,
}

#[derive(Debug)]
struct Begun {
    name: String,
    method: Method,
    is_large: bool,
    at: u64,
    head_bytes: u64,
}

/// The frames of one zip, in order, and where they lie.
#[derive(Debug, Default)]
pub(super) struct Framing {
    at: u64,
    open: Option<Begun>,
    directory: Vec<u8>,
    files: u64,
}

impl Framing {
    /// Gives the header of a file; `size` is what it holds before it is packed, as far as is known.
    pub(super) fn begin(&mut self, name: &str, size: u64, method: Method) -> Vec<u8> {
        // Deflated bytes may be a little more than those they stand for.
        let is_large = size >= MAX_32 - (16 << 20);
        let sizes = if method == Method::Stored { size } else { 0 };
        let mut head = Vec::with_capacity(30 + name.len() + 20);
        head.extend(*b"PK\x03\x04");
        put16(&mut head, &[version(is_large), FLAGS, method as u16, 0, DATE]);
        put32(&mut head, &[0, small(sizes, is_large), small(sizes, is_large)]);
        put16(&mut head, &[name.len() as u16, if is_large { 20 } else { 0 }]);
        head.extend(name.as_bytes());
        if is_large {
            put16(&mut head, &[1, 16]);
            put64(&mut head, &[sizes, sizes]);
        }
        self.open = Some(Begun {
            name: name.to_owned(),
            method,
            is_large,
            at: self.at,
            head_bytes: head.len() as u64,
        });
        head
    }

    /// Gives what follows the bytes of a file.
    pub(super) fn end(&mut self, crc32: u32, packed: u64, size: u64) -> Vec<u8> {
        let mut tail = Vec::with_capacity(24);
        let Some(begun) = self.open.take() else {
            return tail;
        };
        tail.extend(*b"PK\x07\x08");
        put32(&mut tail, &[crc32]);
        if begun.is_large {
            put64(&mut tail, &[packed, size]);
        } else {
            put32(&mut tail, &[packed as u32, size as u32]);
        }
        self.list(&begun, crc32, packed, size);
        self.at += begun.head_bytes + packed + tail.len() as u64;
        tail
    }

    fn list(&mut self, begun: &Begun, crc32: u32, packed: u64, size: u64) {
        self.files += 1;
        let mut wide = Vec::new();
        if begun.is_large {
            put64(&mut wide, &[size, packed]);
        }
        let is_far = begun.at >= MAX_32;
        if is_far {
            put64(&mut wide, &[begun.at]);
        }
        let version = version(begun.is_large || is_far);
        let extra = if wide.is_empty() { 0 } else { 4 + wide.len() as u16 };
        let list = &mut self.directory;
        list.extend(*b"PK\x01\x02");
        put16(list, &[version, version, FLAGS, begun.method as u16, 0, DATE]);
        put32(
            list,
            &[crc32, small(packed, begun.is_large), small(size, begun.is_large)],
        );
        // Name, extra field, comment, disk, internal attributes.
        put16(list, &[begun.name.len() as u16, extra, 0, 0, 0]);
        put32(list, &[0, small(begun.at, is_far)]);
        list.extend(begun.name.as_bytes());
        if !wide.is_empty() {
            put16(list, &[1, wide.len() as u16]);
            list.extend(wide);
        }
    }

    /// Gives the directory.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut end = self.directory;
        let (at, bytes) = (self.at, end.len() as u64);
        let is_large = self.files >= 0xFFFF || at >= MAX_32 || bytes >= MAX_32;
        if is_large {
            end.extend(*b"PK\x06\x06");
            put64(&mut end, &[44]);
            put16(&mut end, &[VERSION_ZIP64, VERSION_ZIP64]);
            put32(&mut end, &[0, 0]);
            put64(&mut end, &[self.files, self.files, bytes, at]);
            end.extend(*b"PK\x06\x07");
            put32(&mut end, &[0]);
            put64(&mut end, &[at + bytes]);
            put32(&mut end, &[1]);
        }
        let files = if self.files >= 0xFFFF {
            u16::MAX
        } else {
            self.files as u16
        };
        end.extend(*b"PK\x05\x06");
        put16(&mut end, &[0, 0, files, files]);
        put32(
            &mut end,
            &[small(bytes, bytes >= MAX_32), small(at, at >= MAX_32)],
        );
        put16(&mut end, &[0]);
        end
    }
}

fn version(is_zip64: bool) -> u16 {
    if is_zip64 { VERSION_ZIP64 } else { VERSION }
}

/// The 32 bits of a number, or the mark that it stands in 64 elsewhere.
fn small(number: u64, elsewhere: bool) -> u32 {
    if elsewhere { u32::MAX } else { number as u32 }
}

fn put16(to: &mut Vec<u8>, numbers: &[u16]) {
    to.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn put32(to: &mut Vec<u8>, numbers: &[u32]) {
    to.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn put64(to: &mut Vec<u8>, numbers: &[u64]) {
    to.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}
