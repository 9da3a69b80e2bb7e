//! The ICC profile that says that colours are sRGB (PS3.3 C.11.15; ICC.1:2001-04).

/// An input profile of sRGB by primaries and tone curve, as PS3.3 asks for: class `scnr`, to XYZ.
pub(super) fn srgb() -> Vec<u8> {
    let curve = tone_curve();
    let colourants = [
        (b"rXYZ", [0.436_066, 0.222_488, 0.013_916]),
        (b"gXYZ", [0.385_147, 0.716_873, 0.097_076]),
        (b"bXYZ", [0.143_066, 0.060_608, 0.714_096]),
        (b"wtpt", [0.964_203, 1.0, 0.824_905]),
    ];
    let mut parts: Vec<(&[u8; 4], Vec<u8>)> = vec![
        (b"desc", description("sRGB")),
        (b"cprt", [b"text\0\0\0\0".as_slice(), b"No copyright\0"].concat()),
    ];
    parts.extend(colourants.map(|(name, xyz)| (name, place(xyz))));
    parts.extend([b"rTRC", b"gTRC", b"bTRC"].map(|name| (name, curve.clone())));
    assemble(&parts)
}

/// Header, table of tags, and the tags at multiples of four bytes; equal ones share their place.
fn assemble(parts: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    const HEADER: usize = 128;
    let mut table = word(parts.len());
    let mut body: Vec<u8> = Vec::new();
    let start = HEADER + 4 + 12 * parts.len();
    let mut written: Vec<(&Vec<u8>, usize)> = Vec::new();
    for (name, part) in parts {
        let known = written
            .iter()
            .find(|(known, _)| *known == part)
            .map(|(_, at)| *at);
        let at = known.unwrap_or_else(|| {
            let at = start + body.len();
            body.extend(part);
            body.resize(body.len().next_multiple_of(4), 0);
            written.push((part, at));
            at
        });
        table.extend_from_slice(*name);
        table.extend(word(at));
        table.extend(word(part.len()));
    }
    let mut header = word(start + body.len());
    header.extend_from_slice(b"\0\0\0\0\x02\x40\0\0scnrRGB XYZ ");
    // The date is part of the format, not of what was made: always the same.
    for number in [2000_u16, 1, 1, 0, 0, 0] {
        header.extend(number.to_be_bytes());
    }
    header.extend_from_slice(b"acsp");
    header.resize(68, 0);
    header.extend([0.964_203, 1.0, 0.824_905].into_iter().flat_map(fixed));
    header.resize(HEADER, 0);
    [header, table, body].concat()
}

fn word(number: usize) -> Vec<u8> {
    (number as u32).to_be_bytes().to_vec()
}

/// A number with 16 bits behind the point.
fn fixed(number: f64) -> [u8; 4] {
    ((number * 65536.0).round() as i32).to_be_bytes()
}

fn place(xyz: [f64; 3]) -> Vec<u8> {
    let numbers = xyz.into_iter().flat_map(fixed);
    b"XYZ \0\0\0\0".iter().copied().chain(numbers).collect()
}

fn description(text: &str) -> Vec<u8> {
    let mut part = b"desc\0\0\0\0".to_vec();
    part.extend(word(text.len() + 1));
    part.extend_from_slice(text.as_bytes());
    // The end of the text, no Unicode text, no Macintosh one.
    part.resize(part.len() + 1 + 8 + 3 + 67, 0);
    part
}

/// sRGB's curve at 1024 places.
fn tone_curve() -> Vec<u8> {
    const PLACES: usize = 1024;
    let mut part = b"curv\0\0\0\0".to_vec();
    part.extend(word(PLACES));
    for place in 0..PLACES {
        let level = place as f64 / (PLACES - 1) as f64;
        let linear = if level <= 0.040_45 {
            level / 12.92
        } else {
            ((level + 0.055) / 1.055).powf(2.4)
        };
        part.extend(((linear * 65535.0).round() as u16).to_be_bytes());
    }
    part
}
