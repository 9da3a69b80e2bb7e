//! The built-in face: letters made of strokes, for ASCII and the signs of units.
//!
//! They need no font file, so what every picture has (directions, rulers, numbers) can always be written.

/// Em, the height of a Chinese character, in units of the strokes.
pub(super) const UNITS_PER_EM: f64 = 16.25;
/// The line that letters stand on, in units from the top of a capital.
const FOOT: f64 = 12.0;
/// Units between letters.
const GAP: f64 = 3.5;
/// Width of a space, units.
const SPACE: f64 = 3.0;

/// One letter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyph(&'static str);

/// The strokes of a character, if it has any.
pub(super) fn of(character: char) -> Option<Glyph> {
    let found = GLYPHS.iter().find(|(known, _)| *known == character);
    found.map(|(_, strokes)| Glyph(strokes))
}

impl Glyph {
    fn strokes(self) -> impl Iterator<Item = impl Iterator<Item = [f64; 2]>> {
        let digit = |byte: u8| {
            let digit = (byte as char).to_digit(16);
            f64::from(digit.expect("the table holds hexadecimal digits"))
        };
        self.0.split_ascii_whitespace().map(move |stroke| {
            let points = stroke.as_bytes().chunks_exact(2);
            points.map(move |point| [digit(point[0]), digit(point[1])])
        })
    }

    /// The strokes in em, half the gap to the next letter at each side, from the line that letters stand on.
    pub(super) fn lines(self) -> Vec<Vec<[f64; 2]>> {
        let em = |[x, y]: [f64; 2]| [(x + GAP / 2.0) / UNITS_PER_EM, (y - FOOT) / UNITS_PER_EM];
        self.strokes().map(|stroke| stroke.map(em).collect()).collect()
    }

    /// From this letter to the next, em.
    pub(super) fn advance(self) -> f64 {
        let widest = self.strokes().flatten().map(|point| point[0]).fold(0.0, f64::max);
        let width = if self.0.is_empty() { SPACE } else { widest };
        (width + GAP) / UNITS_PER_EM
    }
}

/// Strokes as points x, y in hexadecimal units: x to the right, y down from the top of a capital, its foot
/// at c, the top of a small letter at 4, tails down to f.
const GLYPHS: &[(char, &str)] = &[
    (' ', ""),
    ('!', "0008 0b0c"),
    ('"', "0003 3033"),
    ('#', "301c 705c 0484 0888"),
    ('$', "82602002042666888a6c2c0a 404c"),
    ('%', "800c 0030330300 59898c5c59"),
    ('&', "8c232130506163080a2c5c88"),
    ('\'', "0003"),
    ('(', "3003093c"),
    (')', "0033390c"),
    ('*', "3238 0367 6307"),
    ('+', "343a 0767"),
    (',', "1b1c0e"),
    ('-', "0757"),
    ('.', "0b0c"),
    ('/', "600d"),
    ('0', "2050727a5c2c0a0220"),
    ('1', "13404c 1c7c"),
    ('2', "02205072740c7c"),
    ('3', "02205072745626 56787a5c2c0a"),
    ('4', "5c500878"),
    ('5', "70000555777a5c2c0a"),
    ('6', "725020020a2c5c7a77552507"),
    ('7', "00702c"),
    ('8', "260402205072745626080a2c5c7a7856"),
    ('9', "0a2c5c7a7250200205275775"),
    (':', "0506 0b0c"),
    (';', "1516 1b1c0e"),
    ('<', "62076c"),
    ('=', "0565 0969"),
    ('>', "02670c"),
    ('?', "02205072744648 4b4c"),
    ('@', "6c2c0a022060828868 644435374868"),
    ('A', "0c408c 1878"),
    ('B', "0c005072745606 56787a5c0c"),
    ('C', "826020020a2c6c8a"),
    ('D', "0c005083895c0c"),
    ('E', "70000c7c 0656"),
    ('F', "70000c 0656"),
    ('G', "826020020a2c6c8a8757"),
    ('H', "000c 808c 0686"),
    ('I', "0040 202c 0c4c"),
    ('J', "505a3c1c0a"),
    ('K', "000c 8007 358c"),
    ('L', "000c7c"),
    ('M', "0c0047808c"),
    ('N', "0c008c80"),
    ('O', "2060828a6c2c0a0220"),
    ('P', "0c006082856707"),
    ('Q', "2060828a6c2c0a0220 598d"),
    ('R', "0c006082856707 478c"),
    ('S', "82602002042666888a6c2c0a"),
    ('T', "0080 404c"),
    ('U', "000a2c6c8a80"),
    ('V', "004c80"),
    ('W', "003c537ca0"),
    ('X', "008c 800c"),
    ('Y', "004680 464c"),
    ('Z', "00800c8c"),
    ('[', "30000c3c"),
    ('\\', "006d"),
    (']', "00303c0c"),
    ('^', "033063"),
    ('_', "0d7d"),
    ('`', "0023"),
    ('a', "1454767c 7828090b2c4c7a"),
    ('b', "000c 062454767a5c2c0a"),
    ('c', "765424060a2c5c7a"),
    ('d', "707c 765424060a2c5c7a"),
    ('e', "0878765424060a2c5c7b"),
    ('f', "5030121c 0444"),
    ('g', "765424060a2c5c7a 747d5f1f"),
    ('h', "000c 062454767c"),
    ('i', "040c 0001"),
    ('j', "343d1f0f 3031"),
    ('k', "000c 6409 377c"),
    ('l', "000a1c2c"),
    ('m', "040c 062434565c 567484a6ac"),
    ('n', "040c 062454767c"),
    ('o', "2454767a5c2c0a0624"),
    ('p', "040f 062454767a5c2c0a"),
    ('q', "747f 765424060a2c5c7a"),
    ('r', "040c 072454"),
    ('s', "755424050628587a7b5c1c0b"),
    ('t', "101a2c4c 0444"),
    ('u', "040a2c5c7a 747c"),
    ('v', "043c64"),
    ('w', "042c466c84"),
    ('x', "046c 640c"),
    ('y', "043c 642f0f"),
    ('z', "04640c6c"),
    ('{', "40212507292d4e"),
    ('|', "000e"),
    ('}', "00212547292d0e"),
    ('~', "08266886"),
    ('°', "103041433414030110"),
    ('±', "323a 0666 0c6c"),
    ('²', "011030410545"),
    ('³', "011030412313 2344452515"),
    ('·', "0607"),
    ('×', "046a 640a"),
    ('µ', "040f 0a2c5c7a 747c"),
    ('–', "0777"),
];

#[cfg(test)]
mod tests {
    use super::{FOOT, GLYPHS, UNITS_PER_EM, of};

    #[test]
    fn every_printable_ascii_letter_has_strokes() {
        for character in ' '..='~' {
            let count = GLYPHS.iter().filter(|(known, _)| *known == character).count();
            assert_eq!(count, 1, "{character:?}");
        }
        assert!(of('中').is_none());
    }

    #[test]
    fn strokes_are_lines_in_the_cell() {
        for (character, strokes) in GLYPHS {
            for stroke in strokes.split_ascii_whitespace() {
                assert!(
                    stroke.len() >= 2 && stroke.len() % 2 == 0,
                    "{character:?}: {stroke}"
                );
                assert!(
                    stroke
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
                );
            }
            let glyph = of(*character).unwrap();
            for [x, y] in glyph.lines().into_iter().flatten() {
                assert!(x > 0.0 && x < glyph.advance(), "{character:?}");
                assert!((-FOOT..=3.0).contains(&(y * UNITS_PER_EM)), "{character:?}");
            }
        }
        assert_eq!(of('0').unwrap().advance() * UNITS_PER_EM, 10.5);
    }
}
