//! Code-blocks of EBCOT: three coding passes a bit-plane (tier 1, ITU-T T.800 Annex D).
//!
//! A block is scanned in stripes of four rows, column by column. What a pass needs to know of a column
//! of four coefficients and its neighbours lies in one word, so that a context is a shift and a look-up.
//! Reading and writing walk the same passes; only the [`Coder`] beneath differs.

use crate::Result;

use super::contexts::{SIGN_CONTEXTS, zero_contexts_of};
use super::damaged;
use super::header::BlockStyle;
use super::mq::{Contexts, MqDecoder, MqEncoder, RUN, RawBits, UNIFORM};
use super::tile::Orientation;

// A column's word. Bits 0 to 17: significance of six rows (one above, four, one below) by three columns
// (left, own, right); bits 18 to 23: the six rows' signs in the own column; bits 24 to 27: refined
// before; bits 28 to 31: coded in this bit-plane's significance pass.
const SIGNIFICANCE: u32 = 0x3_FFFF;
const OWN: u32 = 1 << 4;
const NEIGHBOURS: u32 = 0b111_101_111;
const SIGNS: usize = 18;
const REFINED: usize = 24;
const VISITED: usize = 28;

/// Sign of a coefficient, kept above its magnitude.
pub(super) const SIGN: u32 = 1 << 31;

/// Gives bits to the passes or takes them.
trait Coder {
    /// Whether the coefficients are known before the pass, as they are to a writer.
    const WRITES: bool;

    /// Codes a bit in a context: a reader gives what it found, a writer what it was given.
    fn code(&mut self, contexts: &mut Contexts, context: u8, bit: u32) -> u32;

    /// Codes a sign, predicted by `flip`.
    fn code_sign(&mut self, contexts: &mut Contexts, (context, flip): (u8, u8), sign: u32) -> u32 {
        self.code(contexts, context, sign ^ u32::from(flip)) ^ u32::from(flip)
    }
}

impl Coder for MqDecoder<'_> {
    const WRITES: bool = false;

    #[inline(always)]
    fn code(&mut self, contexts: &mut Contexts, context: u8, _: u32) -> u32 {
        self.bit(contexts, context)
    }
}

impl Coder for RawBits<'_> {
    const WRITES: bool = false;

    fn code(&mut self, _: &mut Contexts, _: u8, _: u32) -> u32 {
        self.bit()
    }

    fn code_sign(&mut self, _: &mut Contexts, _: (u8, u8), _: u32) -> u32 {
        self.bit()
    }
}

impl Coder for MqEncoder {
    const WRITES: bool = true;

    #[inline(always)]
    fn code(&mut self, contexts: &mut Contexts, context: u8, bit: u32) -> u32 {
        self.bit(contexts, context, bit);
        bit
    }
}

/// The passes over one block, and memory that the next block uses again.
#[derive(Debug)]
pub(super) struct BlockCoder {
    width: usize,
    height: usize,
    words: Vec<u32>,
    /// Magnitudes with their signs, four rows of a column side by side. Reading keeps one more bit
    /// below the magnitude: the half of the last bit-plane seen, the middle of what it may have been.
    cells: Vec<[u32; 4]>,
    contexts: Contexts,
    zero_contexts: &'static [u8; 512],
    causal: bool,
}

/// What a block is, besides its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockShape {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) orientation: Orientation,
    /// Bit-planes that are coded.
    pub(super) bit_planes: u8,
    pub(super) style: BlockStyle,
}

impl BlockCoder {
    pub(super) fn new() -> Self {
        Self {
            width: 0,
            height: 0,
            words: Vec::new(),
            cells: Vec::new(),
            contexts: Contexts::new(),
            zero_contexts: zero_contexts_of(Orientation::LowLow),
            causal: false,
        }
    }

    fn start(&mut self, shape: &BlockShape) {
        (self.width, self.height) = (shape.width, shape.height);
        let stripes = shape.height.div_ceil(4);
        self.words.clear();
        self.words.resize((shape.width + 2) * (stripes + 2), 0);
        self.cells.clear();
        self.cells.resize(shape.width * stripes, [0; 4]);
        self.contexts = Contexts::new();
        self.zero_contexts = zero_contexts_of(shape.orientation);
        self.causal = shape.style.vertically_causal();
    }

    /// Decodes a block from its codeword segments, each with its number of passes.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Damaged`] when there are more passes than the bit-planes have, or when a
    /// segmentation symbol is wrong.
    pub(super) fn decode<'b>(
        &mut self,
        shape: &BlockShape,
        segments: impl Iterator<Item = (&'b [u8], u8)>,
    ) -> Result<()> {
        self.start(shape);
        // The first bit-plane has a clean-up pass only.
        let mut pass = 2;
        for (bytes, passes) in segments {
            let last = pass + u32::from(passes);
            if last > 3 * u32::from(shape.bit_planes) {
                return Err(damaged("a code-block has more passes than its bit-planes"));
            }
            // Four bit-planes and the first clean-up pass always use the arithmetic coder.
            let raw = shape.style.bypass() && pass >= 12 && pass % 3 != 2;
            let plane = |pass: u32| u32::from(shape.bit_planes) - 1 - pass / 3;
            if raw {
                let mut coder = RawBits::new(bytes);
                for pass in pass..last {
                    coder = self.pass(coder, pass % 3, plane(pass) + 1);
                }
            } else {
                let mut coder = MqDecoder::new(bytes);
                for pass in pass..last {
                    coder = self.pass(coder, pass % 3, plane(pass) + 1);
                    if pass % 3 == 2 && shape.style.segmentation_symbols() {
                        self.check_segmentation(&mut coder)?;
                    }
                    if shape.style.reset() {
                        self.contexts = Contexts::new();
                    }
                }
            }
            pass = last;
        }
        Ok(())
    }

    fn check_segmentation(&mut self, coder: &mut MqDecoder<'_>) -> Result<()> {
        let symbol = (0..4).fold(0, |symbol, _| {
            symbol << 1 | coder.bit(&mut self.contexts, UNIFORM)
        });
        if symbol == 0b1010 {
            return Ok(());
        }
        Err(damaged(format!(
            "expected segmentation symbol 10, found {symbol}"
        )))
    }

    /// Encodes a block: `value` gives magnitude and [`SIGN`] at a column and row. Gives the bytes of its
    /// one codeword segment and the number of passes in them.
    pub(super) fn encode(
        &mut self,
        shape: &BlockShape,
        value: impl Fn(usize, usize) -> u32,
    ) -> (Vec<u8>, u8) {
        self.start(shape);
        for row in 0..shape.height {
            for column in 0..shape.width {
                self.cells[row / 4 * shape.width + column][row % 4] = value(column, row);
            }
        }
        if shape.bit_planes == 0 {
            return (Vec::new(), 0);
        }
        let mut coder = MqEncoder::new();
        let passes = 3 * u32::from(shape.bit_planes);
        for pass in 2..passes {
            coder = self.pass(coder, pass % 3, u32::from(shape.bit_planes) - 1 - pass / 3);
        }
        (coder.finish(), (passes - 2) as u8)
    }

    /// Gives the decoded rows' values: magnitude times two, with half a bit-plane, and [`SIGN`].
    pub(super) fn value(&self, column: usize, row: usize) -> u32 {
        self.cells[row / 4 * self.width + column][row % 4]
    }

    /// Runs a pass; the coder is moved through it, so that its registers are the machine's.
    fn pass<C: Coder>(&mut self, mut coder: C, kind: u32, shift: u32) -> C {
        for index in 0..self.height.div_ceil(4) {
            let mut stripe = self.stripe(index, shift);
            coder = match kind {
                0 => stripe.significance_pass(coder),
                1 => stripe.refinement_pass(coder),
                _ => stripe.clean_up_pass(coder),
            };
        }
        coder
    }

    fn stripe(&mut self, index: usize, shift: u32) -> Stripe<'_> {
        let stride = self.width + 2;
        Stripe {
            rows: (self.height - 4 * index).min(4),
            stride,
            words: &mut self.words[index * stride..(index + 3) * stride],
            cells: &mut self.cells[index * self.width..(index + 1) * self.width],
            contexts: &mut self.contexts,
            zero_contexts: self.zero_contexts,
            causal: self.causal,
            shift,
        }
    }
}

/// Four rows of a block during one pass.
struct Stripe<'a> {
    rows: usize,
    stride: usize,
    /// Words of the stripe above, of this one, of the one below, each with a column more on each side.
    words: &'a mut [u32],
    cells: &'a mut [[u32; 4]],
    contexts: &'a mut Contexts,
    zero_contexts: &'static [u8; 512],
    causal: bool,
    /// Where the pass's bit stands in a cell.
    shift: u32,
}

impl Stripe<'_> {
    /// T.800 D.3.1: coefficients that have significant neighbours.
    fn significance_pass<C: Coder>(&mut self, mut coder: C) -> C {
        for column in 0..self.cells.len() {
            if self.words[self.stride + 1 + column] & SIGNIFICANCE != 0 {
                self.significance::<C, 0>(&mut coder, column);
                self.significance::<C, 1>(&mut coder, column);
                self.significance::<C, 2>(&mut coder, column);
                self.significance::<C, 3>(&mut coder, column);
            }
        }
        coder
    }

    #[inline(always)]
    fn significance<C: Coder, const ROW: usize>(&mut self, coder: &mut C, column: usize) {
        let at = self.stride + 1 + column;
        let near = self.words[at] >> (3 * ROW);
        if near & OWN == 0 && near & NEIGHBOURS != 0 && ROW < self.rows {
            self.zero_coding::<C, ROW>(coder, column);
            self.words[at] |= 1 << (VISITED + ROW);
        }
    }

    /// T.800 D.3.3: one more bit of coefficients that were significant before.
    fn refinement_pass<C: Coder>(&mut self, mut coder: C) -> C {
        for column in 0..self.cells.len() {
            if self.words[self.stride + 1 + column] & (OWN | OWN << 3 | OWN << 6 | OWN << 9) != 0 {
                self.refinement::<C, 0>(&mut coder, column);
                self.refinement::<C, 1>(&mut coder, column);
                self.refinement::<C, 2>(&mut coder, column);
                self.refinement::<C, 3>(&mut coder, column);
            }
        }
        coder
    }

    #[inline(always)]
    fn refinement<C: Coder, const ROW: usize>(&mut self, coder: &mut C, column: usize) {
        let word = &mut self.words[self.stride + 1 + column];
        let near = *word >> (3 * ROW);
        if near & OWN == 0 || *word >> (VISITED + ROW) & 1 != 0 {
            return;
        }
        let refined = *word >> (REFINED + ROW) & 1 != 0;
        let context = if refined {
            16
        } else {
            14 + u8::from(near & NEIGHBOURS != 0)
        };
        *word |= 1 << (REFINED + ROW);
        let cell = &mut self.cells[column][ROW];
        let bit = coder.code(self.contexts, context, *cell >> self.shift & 1);
        if !C::WRITES {
            let half = 1 << (self.shift - 1);
            *cell = cell.wrapping_add(if bit != 0 { half } else { half.wrapping_neg() });
        }
    }

    /// T.800 D.3.4: all coefficients that the other two passes left.
    fn clean_up_pass<C: Coder>(&mut self, mut coder: C) -> C {
        for column in 0..self.cells.len() {
            let at = self.stride + 1 + column;
            let word = self.words[at];
            if word & SIGNIFICANCE == 0 && word >> VISITED == 0 && self.rows == 4 {
                self.run(&mut coder, column);
            } else {
                self.clean_up::<C, 0>(&mut coder, column);
                self.clean_up::<C, 1>(&mut coder, column);
                self.clean_up::<C, 2>(&mut coder, column);
                self.clean_up::<C, 3>(&mut coder, column);
            }
            self.words[at] &= !(0xF << VISITED);
        }
        coder
    }

    #[inline(always)]
    fn clean_up<C: Coder, const ROW: usize>(&mut self, coder: &mut C, column: usize) {
        let word = self.words[self.stride + 1 + column];
        if (word >> (3 * ROW) & OWN) | (word >> (VISITED + ROW) & 1) == 0 && ROW < self.rows {
            self.zero_coding::<C, ROW>(coder, column);
        }
    }

    /// Codes how many of a column's four coefficients stay zero before the first that does not.
    #[inline(always)]
    fn run<C: Coder>(&mut self, coder: &mut C, column: usize) {
        let known = if C::WRITES {
            let cells = &self.cells[column];
            cells
                .iter()
                .position(|value| value >> self.shift & 1 != 0)
                .unwrap_or(4)
        } else {
            0
        };
        if coder.code(self.contexts, RUN, u32::from(known < 4)) == 0 {
            return;
        }
        let high = coder.code(self.contexts, UNIFORM, known as u32 >> 1 & 1);
        let low = coder.code(self.contexts, UNIFORM, known as u32 & 1);
        match high << 1 | low {
            0 => self.becomes_significant::<C, 0>(coder, column),
            1 => self.becomes_significant::<C, 1>(coder, column),
            2 => self.becomes_significant::<C, 2>(coder, column),
            _ => self.becomes_significant::<C, 3>(coder, column),
        }
        let after = high << 1 | low;
        if after < 1 {
            self.clean_up::<C, 1>(coder, column);
        }
        if after < 2 {
            self.clean_up::<C, 2>(coder, column);
        }
        if after < 3 {
            self.clean_up::<C, 3>(coder, column);
        }
    }

    #[inline(always)]
    fn zero_coding<C: Coder, const ROW: usize>(&mut self, coder: &mut C, column: usize) {
        let near = self.words[self.stride + 1 + column] >> (3 * ROW);
        let context = self.zero_contexts[near as usize & 0x1FF];
        let known = if C::WRITES {
            self.cells[column][ROW] >> self.shift & 1
        } else {
            0
        };
        if coder.code(self.contexts, context, known) != 0 {
            self.becomes_significant::<C, ROW>(coder, column);
        }
    }

    /// Codes the sign of a coefficient and tells its neighbours.
    #[inline(always)]
    fn becomes_significant<C: Coder, const ROW: usize>(&mut self, coder: &mut C, column: usize) {
        let at = self.stride + 1 + column;
        let sign_row = SIGNS + 1 + ROW;
        let pair = |significant: u32, sign: u32| (significant & 1 | (sign & 1) << 1) as usize;
        let word = self.words[at];
        let near = word >> (3 * ROW);
        let left = pair(near >> 3, self.words[at - 1] >> sign_row);
        let right = pair(near >> 5, self.words[at + 1] >> sign_row);
        let above = pair(near >> 1, word >> (sign_row - 1));
        let below = pair(near >> 7, word >> (sign_row + 1));
        let predicted = SIGN_CONTEXTS[left | right << 2 | above << 4 | below << 6];
        let cell = &mut self.cells[column][ROW];
        let sign = coder.code_sign(self.contexts, predicted, *cell >> 31);
        if !C::WRITES {
            *cell = sign << 31 | 3 << (self.shift - 1);
        }
        self.mark::<ROW>(at, sign);
    }

    /// Sets a coefficient's bit in every word that sees it.
    #[inline(always)]
    fn mark<const ROW: usize>(&mut self, at: usize, sign: u32) {
        self.words[at - 1] |= OWN << 1 << (3 * ROW);
        self.words[at] |= OWN << (3 * ROW) | sign << (SIGNS + 1 + ROW);
        self.words[at + 1] |= OWN >> 1 << (3 * ROW);
        // A vertically causal block lets no stripe see the one below it (T.800 D.7).
        if ROW == 0 && !self.causal {
            let above = at - self.stride;
            self.words[above - 1] |= 1 << 17;
            self.words[above] |= 1 << 16 | sign << (SIGNS + 5);
            self.words[above + 1] |= 1 << 15;
        }
        if ROW == 3 {
            let below = at + self.stride;
            self.words[below - 1] |= 1 << 2;
            self.words[below] |= 1 << 1 | sign << SIGNS;
            self.words[below + 1] |= 1;
        }
    }
}
