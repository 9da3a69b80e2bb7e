//! The MQ arithmetic coder (ITU-T T.800 Annex C).

/// One row of the probability table: estimate, next state after the likelier and the less likely symbol,
/// and whether the less likely one changes places.
type Row = (u16, u8, u8, bool);

/// T.800 table C.2.
const ROWS: [Row; 47] = [
    (0x5601, 1, 1, true),
    (0x3401, 2, 6, false),
    (0x1801, 3, 9, false),
    (0x0AC1, 4, 12, false),
    (0x0521, 5, 29, false),
    (0x0221, 38, 33, false),
    (0x5601, 7, 6, true),
    (0x5401, 8, 14, false),
    (0x4801, 9, 14, false),
    (0x3801, 10, 14, false),
    (0x3001, 11, 17, false),
    (0x2401, 12, 18, false),
    (0x1C01, 13, 20, false),
    (0x1601, 29, 21, false),
    (0x5601, 15, 14, true),
    (0x5401, 16, 14, false),
    (0x5101, 17, 15, false),
    (0x4801, 18, 16, false),
    (0x3801, 19, 17, false),
    (0x3401, 20, 18, false),
    (0x3001, 21, 19, false),
    (0x2801, 22, 19, false),
    (0x2401, 23, 20, false),
    (0x2201, 24, 21, false),
    (0x1C01, 25, 22, false),
    (0x1801, 26, 23, false),
    (0x1601, 27, 24, false),
    (0x1401, 28, 25, false),
    (0x1201, 29, 26, false),
    (0x1101, 30, 27, false),
    (0x0AC1, 31, 28, false),
    (0x09C1, 32, 29, false),
    (0x08A1, 33, 30, false),
    (0x0521, 34, 31, false),
    (0x0441, 35, 32, false),
    (0x02A1, 36, 33, false),
    (0x0221, 37, 34, false),
    (0x0141, 38, 35, false),
    (0x0111, 39, 36, false),
    (0x0085, 40, 37, false),
    (0x0049, 41, 38, false),
    (0x0025, 42, 39, false),
    (0x0015, 43, 40, false),
    (0x0009, 44, 41, false),
    (0x0005, 45, 42, false),
    (0x0001, 45, 43, false),
    (0x5601, 46, 46, false),
];

/// A state with its likelier symbol in the lowest bit, as a table of what follows.
#[derive(Clone, Copy)]
struct State {
    estimate: u32,
    likely: u8,
    unlikely: u8,
}

const fn states() -> [State; 128] {
    let mut states = [State {
        estimate: 0x5601,
        likely: 0,
        unlikely: 0,
    }; 128];
    let mut index = 0;
    while index < 94 {
        let (estimate, likely, unlikely, switch) = ROWS[index / 2];
        let symbol = (index & 1) as u8;
        states[index] = State {
            estimate: estimate as u32,
            likely: likely << 1 | symbol,
            unlikely: unlikely << 1 | (symbol ^ switch as u8),
        };
        index += 1;
    }
    states
}

/// 94 states, filled up so that seven bits always find one.
static STATES: [State; 128] = states();

/// Contexts of EBCOT (T.800 table D.7): 0 to 8 zero coding, 9 to 13 sign, 14 to 16 refinement.
pub(super) const CONTEXTS: usize = 19;
pub(super) const RUN: u8 = 17;
pub(super) const UNIFORM: u8 = 18;

/// What each context knows of the bits it has seen; room for any five-bit context.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contexts([u8; 32]);

impl Contexts {
    /// Gives the states at the start of a block (T.800 table D.7).
    pub(super) fn new() -> Self {
        let mut states = [0; 32];
        states[0] = 4 << 1;
        states[usize::from(RUN)] = 3 << 1;
        states[usize::from(UNIFORM)] = 46 << 1;
        debug_assert!(CONTEXTS <= states.len());
        Self(states)
    }

    #[inline(always)]
    fn state(&mut self, context: u8) -> (&mut u8, State) {
        let index = &mut self.0[usize::from(context & 31)];
        let state = STATES[usize::from(*index & 127)];
        (index, state)
    }
}

/// Decodes one codeword segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct MqDecoder<'a> {
    bytes: &'a [u8],
    at: usize,
    code: u32,
    interval: u32,
    left: u32,
}

impl<'a> MqDecoder<'a> {
    /// Starts at the beginning of a segment (T.800 figure C.20).
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let first = bytes.first().copied().unwrap_or(0xFF);
        let mut decoder = Self {
            bytes,
            at: 0,
            code: u32::from(first) << 16,
            interval: 0x8000,
            left: 0,
        };
        decoder.next_byte();
        decoder.code <<= 7;
        decoder.left -= 7;
        decoder
    }

    /// Takes in the next byte; after the end there are ones for ever (T.800 figure C.19).
    #[inline(always)]
    fn next_byte(&mut self) {
        (self.at, self.code, self.left) = following(self.bytes, self.at, self.code);
    }

    /// Decodes one bit in a context (T.800 figures C.15 to C.18).
    #[inline(always)]
    pub(super) fn bit(&mut self, contexts: &mut Contexts, context: u8) -> u32 {
        let (index, state) = contexts.state(context);
        let symbol = u32::from(*index & 1);
        self.interval -= state.estimate;
        let (bit, likely) = if self.code >> 16 < state.estimate {
            let likely = self.interval < state.estimate;
            self.interval = state.estimate;
            (symbol ^ u32::from(!likely), likely)
        } else {
            self.code -= state.estimate << 16;
            if self.interval & 0x8000 != 0 {
                return symbol;
            }
            let likely = self.interval >= state.estimate;
            (symbol ^ u32::from(!likely), likely)
        };
        *index = if likely { state.likely } else { state.unlikely };
        self.renormalize();
        bit
    }

    #[inline(always)]
    fn renormalize(&mut self) {
        loop {
            if self.left == 0 {
                self.next_byte();
            }
            // As many doublings at once as the interval needs and the buffered bits allow.
            let shift = (self.interval.leading_zeros() - 16).min(self.left);
            self.interval <<= shift;
            self.code <<= shift;
            self.left -= shift;
            if self.interval & 0x8000 != 0 {
                return;
            }
        }
    }
}

/// Gives position, code register and buffered bits after one more byte. Apart from the decoder and
/// never inlined, so that the decoder itself stays in registers.
#[inline(never)]
fn following(bytes: &[u8], at: usize, code: u32) -> (usize, u32, u32) {
    let byte = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0xFF));
    match (byte(at), byte(at + 1)) {
        (0xFF, next) if next > 0x8F => (at, code.wrapping_add(0xFF00), 8),
        (0xFF, next) => (at + 1, code.wrapping_add(next << 9), 7),
        (_, next) => (at + 1, code.wrapping_add(next << 8), 8),
    }
}

/// Encodes one codeword segment.
#[derive(Debug, Clone)]
pub(super) struct MqEncoder {
    /// The segment so far, after one byte that only takes a carry.
    bytes: Vec<u8>,
    code: u32,
    interval: u32,
    left: u32,
}

impl MqEncoder {
    /// Starts a segment (T.800 figure C.10).
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0],
            code: 0,
            interval: 0x8000,
            left: 12,
        }
    }

    /// Encodes one bit in a context (T.800 figures C.3 to C.8).
    #[inline(always)]
    pub(super) fn bit(&mut self, contexts: &mut Contexts, context: u8, bit: u32) {
        let (index, state) = contexts.state(context);
        self.interval -= state.estimate;
        let is_likely = bit == u32::from(*index & 1);
        if is_likely && self.interval & 0x8000 != 0 {
            self.code += state.estimate;
            return;
        }
        // The larger part of the interval goes to the likelier symbol: conditional exchange.
        if is_likely == (self.interval < state.estimate) {
            self.interval = state.estimate;
        } else {
            self.code += state.estimate;
        }
        *index = if is_likely { state.likely } else { state.unlikely };
        while self.interval & 0x8000 == 0 {
            self.interval <<= 1;
            self.code <<= 1;
            self.left -= 1;
            if self.left == 0 {
                self.byte_out();
            }
        }
    }

    /// Moves a byte out of the code register (T.800 figure C.8).
    fn byte_out(&mut self) {
        let last = self.bytes.last_mut().expect("there is always the carry's byte");
        if *last != 0xFF && self.code >= 0x800_0000 {
            *last += 1;
            self.code &= 0x7FF_FFFF;
        }
        if *last == 0xFF {
            self.bytes.push((self.code >> 20) as u8);
            self.code &= 0xF_FFFF;
            self.left = 7;
        } else {
            self.bytes.push((self.code >> 19) as u8);
            self.code &= 0x7_FFFF;
            self.left = 8;
        }
    }

    /// Ends the segment (T.800 figure C.11) and gives its bytes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let top = self.code + self.interval;
        self.code |= 0xFFFF;
        if self.code >= top {
            self.code -= 0x8000;
        }
        for _ in 0..2 {
            self.code <<= self.left;
            self.byte_out();
        }
        if self.bytes.last() == Some(&0xFF) {
            self.bytes.pop();
        }
        self.bytes.remove(0);
        self.bytes
    }
}

/// Reads the bits of a segment that bypasses the arithmetic coder (T.800 D.6).
#[derive(Debug, Clone, Copy)]
pub(super) struct RawBits<'a> {
    bytes: &'a [u8],
    at: usize,
    byte: u8,
    left: u8,
}

impl<'a> RawBits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            byte: 0,
            left: 0,
        }
    }

    pub(super) fn bit(&mut self) -> u32 {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = self.bytes.get(self.at).copied().unwrap_or(0xFF);
            self.at += 1;
        }
        self.left -= 1;
        u32::from(self.byte >> self.left & 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test sequence of ITU-T T.88 Annex H.2: 256 bits in one context that begins at state 0.
    const BITS: [u8; 32] = [
        0x00, 0x02, 0x00, 0x51, 0x00, 0x00, 0x00, 0xC0, 0x03, 0x52, 0x87, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x82,
        0xC0, 0x20, 0x00, 0xFC, 0xD7, 0x9E, 0xF6, 0xBF, 0x7F, 0xED, 0x90, 0x4F, 0x46, 0xA3, 0xBF,
    ];
    const CODED: [u8; 28] = [
        0x84, 0xC7, 0x3B, 0xFC, 0xE1, 0xA1, 0x43, 0x04, 0x02, 0x20, 0x00, 0x00, 0x41, 0x0D, 0xBB, 0x86, 0xF4,
        0x31, 0x7F, 0xFF, 0x88, 0xFF, 0x37, 0x47, 0x1A, 0xDB, 0x6A, 0xDF,
    ];

    fn bits() -> impl Iterator<Item = u32> {
        BITS.iter()
            .flat_map(|byte| (0..8).rev().map(move |bit| u32::from(byte >> bit & 1)))
    }

    #[test]
    fn the_standards_sequence_is_coded() {
        let (mut encoder, mut contexts) = (MqEncoder::new(), Contexts::new());
        bits().for_each(|bit| encoder.bit(&mut contexts, 1, bit));
        assert_eq!(encoder.finish(), CODED);
    }

    #[test]
    fn the_standards_sequence_is_decoded() {
        let (mut decoder, mut contexts) = (MqDecoder::new(&CODED), Contexts::new());
        for (place, bit) in bits().enumerate() {
            assert_eq!(decoder.bit(&mut contexts, 1), bit, "{place}");
        }
    }
}
