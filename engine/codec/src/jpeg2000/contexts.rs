//! Which context codes a bit of a code-block (ITU-T T.800 D.3).

use super::tile::Orientation;

/// Gives the zero coding contexts of a sub-band, by nine significances: rows of three, the middle one
/// ignored.
pub(super) fn zero_contexts_of(orientation: Orientation) -> &'static [u8; 512] {
    &ZERO_CONTEXTS[match orientation {
        Orientation::LowLow | Orientation::LowHigh => 0,
        Orientation::HighLow => 1,
        Orientation::HighHigh => 2,
    }]
}

/// Zero coding context of nine neighbouring significances (T.800 table D.1); one table an orientation.
const fn zero_contexts(orientation: Orientation) -> [u8; 512] {
    let mut table = [0; 512];
    let mut bits = 0;
    while bits < 512 {
        let across = (bits >> 3 & 1) + (bits >> 5 & 1);
        let down = (bits >> 1 & 1) + (bits >> 7 & 1);
        let diagonal = (bits & 1) + (bits >> 2 & 1) + (bits >> 6 & 1) + (bits >> 8 & 1);
        table[bits] = match orientation {
            Orientation::LowLow | Orientation::LowHigh => straight_context(across, down, diagonal),
            Orientation::HighLow => straight_context(down, across, diagonal),
            Orientation::HighHigh => diagonal_context(across + down, diagonal),
        };
        bits += 1;
    }
    table
}

const fn straight_context(along: usize, against: usize, diagonal: usize) -> u8 {
    match (along, against, diagonal) {
        (2, _, _) => 8,
        (1, 1.., _) => 7,
        (1, 0, 1..) => 6,
        (1, 0, 0) => 5,
        (_, 2, _) => 4,
        (_, 1, _) => 3,
        (_, _, 2..) => 2,
        (_, _, 1) => 1,
        _ => 0,
    }
}

const fn diagonal_context(straight: usize, diagonal: usize) -> u8 {
    match (diagonal, straight) {
        (3.., _) => 8,
        (2, 1..) => 7,
        (2, 0) => 6,
        (1, 2..) => 5,
        (1, 1) => 4,
        (1, 0) => 3,
        (_, 2..) => 2,
        (_, 1) => 1,
        _ => 0,
    }
}

/// Zero coding contexts of LL and LH, HL, HH sub-bands.
static ZERO_CONTEXTS: [[u8; 512]; 3] = [
    zero_contexts(Orientation::LowLow),
    zero_contexts(Orientation::HighLow),
    zero_contexts(Orientation::HighHigh),
];

/// Sign context and prediction (T.800 tables D.2 and D.3). Two bits a neighbour (significant, negative):
/// left, right, above, below from the lowest.
const fn sign_contexts() -> [(u8, u8); 256] {
    let mut table = [(0, 0); 256];
    let mut bits = 0;
    while bits < 256 {
        let across = clamp(share(bits) + share(bits >> 2));
        let down = clamp(share(bits >> 4) + share(bits >> 6));
        let flip = across < 0 || (across == 0 && down < 0);
        let (along, against) = if flip { (-across, -down) } else { (across, down) };
        let context = match (along, against) {
            (1, 1) => 13,
            (1, 0) => 12,
            (1, _) => 11,
            (_, 1) => 10,
            _ => 9,
        };
        table[bits] = (context, flip as u8);
        bits += 1;
    }
    table
}

const fn share(bits: usize) -> i32 {
    match bits & 3 {
        1 => 1,
        3 => -1,
        _ => 0,
    }
}

const fn clamp(sum: i32) -> i32 {
    if sum > 1 {
        1
    } else if sum < -1 {
        -1
    } else {
        sum
    }
}

/// By the neighbours' bits: the context, and whether the sign is predicted to be negative.
pub(super) static SIGN_CONTEXTS: [(u8, u8); 256] = sign_contexts();

#[cfg(test)]
mod tests {
    use super::*;

    /// T.800 table D.1: significances across, down, diagonal, and the contexts of LL and LH, HL, HH.
    const ROWS: [(u32, [u8; 3]); 8] = [
        (0b000_101_000, [8, 4, 2]),
        (0b000_001_010, [7, 7, 2]),
        (0b000_001_001, [6, 3, 4]),
        (0b000_001_000, [5, 3, 1]),
        (0b010_000_010, [4, 8, 2]),
        (0b101_000_101, [2, 2, 8]),
        (0b001_000_100, [2, 2, 6]),
        (0b000_010_000, [0, 0, 0]),
    ];

    #[test]
    fn zero_coding_follows_the_table() {
        for (bits, contexts) in ROWS {
            let orientations = [Orientation::LowHigh, Orientation::HighLow, Orientation::HighHigh];
            assert_eq!(
                orientations.map(|own| zero_contexts_of(own)[bits as usize]),
                contexts,
                "{bits:09b}"
            );
        }
    }

    #[test]
    fn signs_follow_the_table() {
        // Nothing near; left positive; left negative; above negative and left positive; all negative.
        for (bits, expected) in [
            (0, (9, 0)),
            (1, (12, 0)),
            (3, (12, 1)),
            (0b0011_0001, (11, 0)),
            (0xFF, (13, 1)),
        ] {
            assert_eq!(SIGN_CONTEXTS[bits], expected, "{bits:08b}");
        }
    }
}
