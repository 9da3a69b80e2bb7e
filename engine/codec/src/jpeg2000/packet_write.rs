//! Writes packets of one layer (ITU-T T.800 B.9, B.10).

use super::tag_tree::TagTree;
use super::tile::BlockGrid;

/// A code-block's one codeword segment; no passes: the block is all zero.
#[derive(Debug, Clone, Default)]
pub(super) struct EncodedBlock {
    pub(super) bytes: Vec<u8>,
    pub(super) passes: u8,
    pub(super) zero_planes: u8,
}

/// Writes the bits of a packet header, with a zero after each byte of ones.
#[derive(Default)]
struct HeaderBits {
    bytes: Vec<u8>,
    byte: u8,
    count: u8,
}

impl HeaderBits {
    fn bit(&mut self, bit: bool) {
        self.byte = self.byte << 1 | u8::from(bit);
        self.count += 1;
        if self.count == if self.bytes.last() == Some(&0xFF) { 7 } else { 8 } {
            self.bytes.push(self.byte);
            (self.byte, self.count) = (0, 0);
        }
    }

    fn bits(&mut self, value: u32, count: u32) {
        (0..count).rev().for_each(|bit| self.bit(value >> bit & 1 != 0));
    }

    fn finish(mut self) -> Vec<u8> {
        while self.count > 0 || self.bytes.last() == Some(&0xFF) {
            self.bit(false);
        }
        self.bytes
    }
}

/// Collects packets.
#[derive(Debug, Default)]
pub(super) struct PacketWriter {
    pub(super) bytes: Vec<u8>,
}

impl PacketWriter {
    /// Writes the packet of one precinct: its sub-bands' blocks, each in reading order.
    pub(super) fn write(&mut self, bands: Vec<(BlockGrid, Vec<EncodedBlock>)>) {
        let mut header = HeaderBits::default();
        header.bit(true);
        for (grid, blocks) in &bands {
            write_band(&mut header, *grid, blocks);
        }
        self.bytes.extend(header.finish());
        for block in bands.iter().flat_map(|(_, blocks)| blocks) {
            self.bytes.extend(&block.bytes);
        }
    }
}

fn write_band(header: &mut HeaderBits, grid: BlockGrid, blocks: &[EncodedBlock]) {
    let tree = |value: fn(&EncodedBlock) -> u8| {
        let values: Vec<_> = blocks.iter().map(|block| u16::from(value(block))).collect();
        TagTree::with_values(grid.across, grid.down, &values)
    };
    let mut inclusion = tree(|block| u8::from(block.passes == 0));
    let mut zero_planes = tree(|block| block.zero_planes);
    for (index, block) in blocks.iter().enumerate() {
        let place = (index as u32 % grid.across, index as u32 / grid.across);
        inclusion.write(place, 1, |bit| header.bit(bit));
        if block.passes > 0 {
            zero_planes.write(place, u16::from(block.zero_planes) + 1, |bit| header.bit(bit));
            write_contribution(header, block);
        }
    }
}

fn write_contribution(header: &mut HeaderBits, block: &EncodedBlock) {
    let passes = u32::from(block.passes);
    match passes {
        1 => header.bits(0, 1),
        2 => header.bits(0b10, 2),
        3..=5 => header.bits(0b1100 | (passes - 3), 4),
        6..=36 => header.bits(0b1111 << 5 | (passes - 6), 9),
        _ => header.bits(0b1_1111_1111 << 7 | (passes - 37), 16),
    }
    let length = block.bytes.len() as u32;
    let known = 3 + passes.ilog2();
    let needed = (u32::BITS - length.leading_zeros()).max(known);
    (known..needed).for_each(|_| header.bit(true));
    header.bit(false);
    header.bits(length, needed);
}
