//! Images whose bytes follow from their number.

use bytes::Bytes;

pub const CLASS: &str = "1.2.840.10008.5.1.4.1.1.2";
pub const SYNTAX: &str = "1.2.840.10008.1.2.1";

/// Numbers that repeat from their seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// At least 0, less than `below`.
    pub fn below(&mut self, below: u64) -> u64 {
        // xorshift64*, Vigna 2016.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below
    }
}

pub fn study_uid(round: u64) -> String {
    format!("2.25.7001{round:06}")
}

pub fn sop_uid(round: u64, number: u64) -> String {
    format!("2.25.7003{round:06}{number:06}")
}

/// The data set of an image, 8 to 72 KB.
pub fn data_set(round: u64, number: u64) -> Bytes {
    let mut random = Random::new(round * 1_000_003 + number);
    let pixel_bytes = 8_000 + 2 * random.below(32_000) as usize;
    let mut bytes = Vec::with_capacity(pixel_bytes + 400);
    let (study, series, sop) = (
        study_uid(round),
        format!("2.25.7002{round:06}"),
        sop_uid(round, number),
    );
    for ((group, element), vr, value) in [
        ((0x0008, 0x0016), b"UI", CLASS),
        ((0x0008, 0x0018), b"UI", sop.as_str()),
        ((0x0008, 0x0020), b"DA", "20260102"),
        ((0x0008, 0x0060), b"CS", "CT"),
        ((0x0010, 0x0010), b"PN", "Chaos^Test"),
        ((0x0010, 0x0020), b"LO", "CHAOS"),
        ((0x0020, 0x000d), b"UI", study.as_str()),
        ((0x0020, 0x000e), b"UI", series.as_str()),
    ] {
        head(&mut bytes, group, element, vr);
        let length = value.len().next_multiple_of(2);
        bytes.extend((length as u16).to_le_bytes());
        bytes.extend(value.as_bytes());
        if length > value.len() {
            bytes.push(if vr == b"UI" { 0 } else { b' ' });
        }
    }
    head(&mut bytes, 0x7fe0, 0x0010, b"OW");
    bytes.extend([0, 0]);
    bytes.extend((pixel_bytes as u32).to_le_bytes());
    bytes.extend((0..pixel_bytes).map(|_| random.below(256) as u8));
    bytes.into()
}

fn head(bytes: &mut Vec<u8>, group: u16, element: u16, vr: &[u8; 2]) {
    bytes.extend(group.to_le_bytes());
    bytes.extend(element.to_le_bytes());
    bytes.extend(vr);
}

/// The same as a file, whose head is another sender's.
pub fn file(round: u64, number: u64) -> Vec<u8> {
    let mut meta = Vec::new();
    for (element, value) in [
        (0x0002, CLASS.to_owned()),
        (0x0003, sop_uid(round, number)),
        (0x0010, SYNTAX.to_owned()),
        (0x0012, "2.25.7".to_owned()),
    ] {
        head(&mut meta, 2, element, b"UI");
        let length = value.len().next_multiple_of(2);
        meta.extend((length as u16).to_le_bytes());
        meta.extend(value.as_bytes());
        meta.resize(meta.len() + length - value.len(), 0);
    }
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    head(&mut file, 2, 0, b"UL");
    file.extend(4_u16.to_le_bytes());
    file.extend((meta.len() as u32).to_le_bytes());
    file.extend(meta);
    file.extend(data_set(round, number));
    file
}
