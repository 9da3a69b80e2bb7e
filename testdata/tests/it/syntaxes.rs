//! Every encoding decodes to the values that were put in.

use std::collections::BTreeSet;

use crate::{decoded, files, truth};

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[test]
fn every_encoding_keeps_every_value() {
    let truth = truth("syntaxes");
    let mut syntaxes = BTreeSet::new();
    for file in truth["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        let (frames, description, rgb) = decoded(&files()[&format!("syntaxes/{name}")]);
        assert_eq!(frames.len(), 1, "{name}");
        assert_eq!(
            u64::from(crc32(&frames[0])),
            file["crc32"].as_u64().unwrap(),
            "{name}"
        );
        assert_eq!(
            description.photometric.term(),
            file["photometric"].as_str().unwrap(),
            "{name}"
        );
        if let Some(expected) = file["rgb_crc32"].as_u64() {
            let rgb = rgb.unwrap();
            // A palette of 16 bits comes out as 16 bits; its entries repeat their byte.
            let wide = rgb.len() == 6 * description.pixels();
            let rgb: Vec<u8> = rgb.into_iter().step_by(if wide { 2 } else { 1 }).collect();
            assert_eq!(u64::from(crc32(&rgb)), expected, "{name} as RGB");
        }
        syntaxes.insert(file["transfer_syntax_uid"].as_str().unwrap().to_owned());
    }
    assert!(syntaxes.len() >= 7, "{syntaxes:?}");
}
