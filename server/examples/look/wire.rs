//! What comes over the socket, as far as it is measured.

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

/// How a picture is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    Jpeg,
    Png,
    Webp,
    Rgba,
}

/// How good a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    Moving,
    Still,
    Exact,
}

/// What goes before a picture.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Head {
    pub picture: u64,
    pub viewport: u32,
    pub turn: u64,
    pub width: u32,
    pub height: u32,
    pub coding: Coding,
    pub fidelity: Fidelity,
    /// Of the voxels that had come.
    pub fraction: f64,
}

const NAME: &[u8] = b"UPTKPIC1";
/// Longer heads are no heads.
const MOST_HEAD_BYTES: usize = 4096;

/// Parts a binary message into its head and the coded picture.
pub fn picture(message: &[u8]) -> anyhow::Result<(Head, &[u8])> {
    let rest = message.strip_prefix(NAME).with_context(|| {
        format!(
            "expected a picture, found a binary message of {} bytes",
            message.len()
        )
    })?;
    let (length, rest) = rest
        .split_first_chunk::<4>()
        .context("a picture without a head")?;
    let length = u32::from_le_bytes(*length) as usize;
    ensure!(
        length <= MOST_HEAD_BYTES.min(rest.len()),
        "expected a head of at most {MOST_HEAD_BYTES} bytes, found {length}"
    );
    let (head, coded) = rest.split_at(length);
    let head: Head = serde_json::from_slice(head).context("a picture's head cannot be read")?;
    Ok((head, coded))
}

/// Columns and rows that a coded picture itself says.
pub fn dimensions(coding: Coding, coded: &[u8]) -> anyhow::Result<[u32; 2]> {
    let found = match coding {
        Coding::Jpeg => jpeg(coded),
        Coding::Png => png(coded),
        Coding::Webp => webp(coded),
        Coding::Rgba => bail!("rgba says no size"),
    };
    found.with_context(|| {
        format!(
            "expected a picture in {coding:?}, found {} other bytes",
            coded.len()
        )
    })
}

/// Says whether a coded picture is as large as its head has it.
pub fn check(head: &Head, coded: &[u8]) -> anyhow::Result<()> {
    let said = [head.width, head.height];
    if head.coding == Coding::Rgba {
        let expected = head.width as usize * head.height as usize * 4;
        ensure!(
            coded.len() == expected,
            "expected {expected} bytes, found {}",
            coded.len()
        );
        return Ok(());
    }
    let found = dimensions(head.coding, coded)?;
    ensure!(
        found == said,
        "picture {}: expected {said:?}, found {found:?}",
        head.picture
    );
    Ok(())
}

fn two(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u32::from(bytes[0]) << 8 | u32::from(bytes[1]))
}

/// The frame header (ITU-T T.81 B.2.2), behind segments with lengths.
fn jpeg(coded: &[u8]) -> Option<[u32; 2]> {
    let mut at = 2;
    if coded.get(..2)? != [0xFF, 0xD8] {
        return None;
    }
    loop {
        if *coded.get(at)? != 0xFF {
            return None;
        }
        let marker = *coded.get(at + 1)?;
        // Not among the frames: tables of Huffman, arithmetic conditioning and what is reserved.
        if (0xC0..=0xCF).contains(&marker) && ![0xC4, 0xC8, 0xCC].contains(&marker) {
            return Some([two(coded, at + 7)?, two(coded, at + 5)?]);
        }
        at += 2 + two(coded, at + 2)? as usize;
    }
}

/// The first chunk (W3C PNG 11.2.2).
fn png(coded: &[u8]) -> Option<[u32; 2]> {
    let rest = coded.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let side = |at: usize| Some(u32::from_be_bytes(rest.get(at..at + 4)?.try_into().ok()?));
    Some([side(0)?, side(4)?])
}

/// The lossless bit stream (RFC 9649 3.4): 14 bits each, less one.
fn webp(coded: &[u8]) -> Option<[u32; 2]> {
    if coded.get(..4)? != b"RIFF" || coded.get(8..16)? != b"WEBPVP8L" || *coded.get(20)? != 0x2F {
        return None;
    }
    let bits = u32::from_le_bytes(coded.get(21..25)?.try_into().ok()?);
    Some([(bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(head: &str, coded: &[u8]) -> Vec<u8> {
        let length = (head.len() as u32).to_le_bytes();
        [NAME, &length, head.as_bytes(), coded].concat()
    }

    const HEAD: &str = r#"{"picture": 41, "viewport": 1, "turn": 9, "width": 640, "height": 512, "coding": "jpeg",
        "fidelity": "moving", "fraction": 1.0}"#;

    #[test]
    fn a_picture_has_a_head() {
        let message = message(HEAD, b"coded");
        let (head, coded) = picture(&message).unwrap();
        assert_eq!(
            (head.picture, head.viewport, head.turn, head.width, head.height),
            (41, 1, 9, 640, 512)
        );
        assert_eq!((head.coding, head.fidelity), (Coding::Jpeg, Fidelity::Moving));
        assert_eq!(coded, b"coded");
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let long = [NAME, &u32::MAX.to_le_bytes(), b"{}"].concat();
        for (message, part) in [
            (b"hello".to_vec(), "expected a picture, found"),
            (NAME.to_vec(), "without a head"),
            (long, "found 4294967295"),
            (message("{}", b""), "cannot be read"),
        ] {
            let error = picture(&message).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    /// The first bytes of pictures of 640 by 512, as their formats' standards have them.
    #[test]
    fn coded_pictures_say_how_large_they_are() {
        let jpeg =
            b"\xFF\xD8\xFF\xE0\0\x04JF\xFF\xC4\0\x03x\xFF\xC0\0\x11\x08\x02\x00\x02\x80\x03\x01".as_slice();
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x02\0\x08\x02\0\0\0".as_slice();
        let webp = b"RIFF\x10\0\0\0WEBPVP8L\x05\0\0\0\x2F\x7F\xC2\x7F\x00".as_slice();
        for (coding, coded) in [(Coding::Jpeg, jpeg), (Coding::Png, png), (Coding::Webp, webp)] {
            assert_eq!(dimensions(coding, coded).unwrap(), [640, 512], "{coding:?}");
            for length in 0..coded.len().min(20) {
                assert!(
                    dimensions(coding, &coded[..length]).is_err(),
                    "{coding:?} of {length} bytes"
                );
            }
        }
        assert!(dimensions(Coding::Png, jpeg).is_err());
    }
}
