//! Packets: which bytes belong to which code-block (tier 2, ITU-T T.800 B.9 to B.12).

use crate::{Error, Result};

use super::damaged;
use super::header::{BlockStyle, General, Parameters, Progression, ProgressionChange};
use super::tag_tree::TagTree;
use super::tile::{Block, Chunk, Precinct, TileComponent};

/// Longest byte count of a chunk, in bits; real ones need fewer than 20.
const MAX_LENGTH_BITS: u8 = 31;

/// What follows grows with the number of precincts and chunks, so there are limits to them that no
/// encoder's choice comes near: precincts of 64x64, blocks of 64x64 are usual.
const ALWAYS: u64 = 1 << 16;
const SAMPLES_A_PRECINCT: u64 = 16;
const SAMPLES_A_CHUNK: u64 = 2;

fn limit(what: &'static str, limit: u64, found: u64) -> Result<()> {
    if found > limit {
        return Err(Error::TooLarge { what, limit, found });
    }
    Ok(())
}

/// The chunks of all blocks of a tile.
struct Chunks {
    list: Vec<Chunk>,
    limit: u64,
}

impl Chunks {
    /// Appends a chunk to a block's.
    fn push(&mut self, block: &mut Block, chunk: Chunk) -> Result<()> {
        limit(
            "JPEG 2000 chunks of a tile",
            self.limit,
            self.list.len() as u64 + 1,
        )?;
        let number = self.list.len() as u32;
        self.list.push(chunk);
        block.chunks = Some(match block.chunks {
            None => (number, number),
            Some((first, last)) => {
                self.list[last as usize].next = Some(number);
                (first, number)
            }
        });
        Ok(())
    }
}

/// Reads the bits of a packet header, without the zero that follows a byte of ones (T.800 B.10.1).
struct HeaderBits<'a> {
    bytes: &'a [u8],
    at: usize,
    byte: u8,
    left: u8,
}

impl HeaderBits<'_> {
    fn bit(&mut self) -> Result<bool> {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = *self.bytes.get(self.at).ok_or_else(packets_missing)?;
            self.at += 1;
        }
        self.left -= 1;
        Ok(self.byte >> self.left & 1 != 0)
    }

    fn bits(&mut self, count: u32) -> Result<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.bit()?);
        }
        Ok(value)
    }

    /// Gives the position after the header.
    fn end(&self) -> usize {
        self.at + usize::from(self.byte == 0xFF && self.at < self.bytes.len())
    }
}

fn packets_missing() -> Error {
    damaged("a tile ends before its last packet")
}

/// The tag trees of one sub-band of a precinct, made when its first block appears.
struct BandTrees {
    first_block: usize,
    across: u32,
    down: u32,
    inclusion: TagTree,
    zero_planes: TagTree,
}

/// Reads all packets of a tile.
pub(super) struct PacketReader<'a> {
    bytes: &'a [u8],
    at: usize,
    general: General,
    components: &'a mut [TileComponent],
    precincts: Vec<Precinct>,
    trees: Vec<Vec<BandTrees>>,
    chunks: Chunks,
}

impl<'a> PacketReader<'a> {
    /// Makes a reader of the packets in `bytes`.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when there are more packets than bytes, each of which takes one at least;
    /// [`Error::TooLarge`] for more precincts than an encoder would make.
    pub(super) fn new(
        bytes: &'a [u8],
        general: General,
        components: &'a mut [TileComponent],
    ) -> Result<Self> {
        let count: u64 = components.iter().map(TileComponent::precinct_count).sum();
        if count.saturating_mul(u64::from(general.layers)) > bytes.len() as u64 {
            return Err(packets_missing());
        }
        let samples: u64 = components.iter().map(TileComponent::samples).sum();
        limit(
            "JPEG 2000 precincts of a tile",
            ALWAYS + samples / SAMPLES_A_PRECINCT,
            count,
        )?;
        let mut precincts = Vec::with_capacity(count as usize);
        for (index, component) in components.iter().enumerate() {
            component.list_precincts(index as u8, &mut precincts);
        }
        let trees = precincts.iter().map(|_| Vec::new()).collect();
        Ok(Self {
            bytes,
            at: 0,
            general,
            components,
            precincts,
            trees,
            chunks: Chunks {
                list: Vec::new(),
                limit: ALWAYS + samples / SAMPLES_A_CHUNK,
            },
        })
    }

    /// Reads all packets; blocks and their chunks are in the components, and in the answer, then.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when packets are missing or their headers make no sense.
    pub(super) fn read_all(mut self, parameters: &Parameters) -> Result<Vec<Chunk>> {
        let whole = ProgressionChange {
            resolutions: (0, u8::MAX),
            components: (0, u8::MAX),
            layers_end: self.general.layers,
            order: self.general.order,
        };
        for change in &parameters.changes {
            self.read_part(change)?;
        }
        if parameters.changes.is_empty() {
            self.read_part(&whole)?;
        }
        if self
            .precincts
            .iter()
            .any(|precinct| precinct.layers_read < self.general.layers)
        {
            return Err(packets_missing());
        }
        Ok(self.chunks.list)
    }

    /// Reads the packets of one progression (T.800 B.12.1).
    fn read_part(&mut self, part: &ProgressionChange) -> Result<()> {
        let layers_end = part.layers_end.min(self.general.layers);
        let within = |value: u8, range: (u8, u8)| range.0 <= value && value < range.1;
        let mut order: Vec<usize> = (0..self.precincts.len())
            .filter(|&index| {
                let Precinct {
                    component,
                    resolution,
                    layers_read,
                    ..
                } = self.precincts[index];
                within(component, part.components)
                    && within(resolution, part.resolutions)
                    && layers_read < layers_end
            })
            .collect();
        // The precincts are listed component by component, resolution by resolution, in reading order,
        // and the sort is stable.
        order.sort_by_key(|&index| {
            let Precinct {
                component,
                resolution,
                position: (x, y),
                ..
            } = self.precincts[index];
            let (component, resolution) = (u32::from(component), u32::from(resolution));
            match part.order {
                Progression::LayerResolution | Progression::ResolutionLayer => [resolution, component, 0, 0],
                Progression::ResolutionPosition => [resolution, y, x, component],
                Progression::PositionComponent => [y, x, component, resolution],
                Progression::ComponentPosition => [component, y, x, resolution],
            }
        });
        match part.order {
            Progression::LayerResolution => self.read_layers(&order, layers_end),
            Progression::ResolutionLayer => order
                .chunk_by(|&a, &b| self.precincts[a].resolution == self.precincts[b].resolution)
                .map(<[usize]>::to_vec)
                .collect::<Vec<_>>()
                .iter()
                .try_for_each(|resolution| self.read_layers(resolution, layers_end)),
            _ => order.iter().try_for_each(|&index| {
                (self.precincts[index].layers_read..layers_end).try_for_each(|_| self.read_packet(index))
            }),
        }
    }

    /// Reads the packets of some precincts, layer by layer.
    fn read_layers(&mut self, order: &[usize], layers_end: u16) -> Result<()> {
        for layer in 0..layers_end {
            for &index in order {
                if self.precincts[index].layers_read == layer {
                    self.read_packet(index)?;
                }
            }
        }
        Ok(())
    }

    fn read_packet(&mut self, index: usize) -> Result<()> {
        if self.general.start_of_packet && self.bytes[self.at..].starts_with(&[0xFF, 0x91, 0, 4]) {
            self.at = (self.at + 6).min(self.bytes.len());
        }
        let mut bits = HeaderBits {
            bytes: self.bytes,
            at: self.at,
            byte: 0,
            left: 0,
        };
        let first_chunk = self.chunks.list.len();
        let layer = self.precincts[index].layers_read;
        if bits.bit()? {
            self.make_trees(index);
            self.read_blocks(index, layer, &mut bits)?;
        }
        self.at = bits.end();
        self.precincts[index].layers_read += 1;
        if self.general.end_of_header && self.bytes[self.at..].starts_with(&[0xFF, 0x92]) {
            self.at += 2;
        }
        self.read_bodies(first_chunk)
    }

    /// Says where the bytes are of the chunks that the packet header announced.
    fn read_bodies(&mut self, first_chunk: usize) -> Result<()> {
        for chunk in &mut self.chunks.list[first_chunk..] {
            chunk.start = self.at;
            self.at = self
                .at
                .checked_add(chunk.length as usize)
                .filter(|end| *end <= self.bytes.len())
                .ok_or_else(packets_missing)?;
        }
        Ok(())
    }

    fn make_trees(&mut self, index: usize) {
        if !self.trees[index].is_empty() {
            return;
        }
        let precinct = &self.precincts[index];
        let component = &mut self.components[usize::from(precinct.component)];
        let bands = component.resolutions[usize::from(precinct.resolution)]
            .bands
            .len();
        for band in 0..bands {
            let grid = component.grid(precinct, band);
            let (across, down) = (grid.across, grid.down);
            self.trees[index].push(BandTrees {
                first_block: component.blocks.len(),
                across,
                down,
                inclusion: TagTree::new(across, down),
                zero_planes: TagTree::new(across, down),
            });
            component.add_blocks(precinct.resolution, band, grid);
        }
    }

    fn read_blocks(&mut self, index: usize, layer: u16, bits: &mut HeaderBits<'_>) -> Result<()> {
        let component = &mut self.components[usize::from(self.precincts[index].component)];
        for trees in &mut self.trees[index] {
            for row in 0..trees.down {
                for column in 0..trees.across {
                    let number = trees.first_block + (row * trees.across + column) as usize;
                    let block = &mut component.blocks[number];
                    if is_included(block, trees, (column, row), layer, bits)? {
                        read_contribution(block, component.style, &mut self.chunks, bits)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Reads whether a block contributes to this packet, and with its first contribution its zero planes.
fn is_included(
    block: &mut Block,
    trees: &mut BandTrees,
    place: (u32, u32),
    layer: u16,
    bits: &mut HeaderBits<'_>,
) -> Result<bool> {
    if block.included {
        return bits.bit();
    }
    if !trees
        .inclusion
        .is_below(place, layer.saturating_add(1), || bits.bit())?
    {
        return Ok(false);
    }
    block.included = true;
    while !trees
        .zero_planes
        .is_below(place, u16::from(block.zero_planes) + 1, || bits.bit())?
    {
        block.zero_planes += 1;
        if block.zero_planes > super::tile::MAX_BIT_PLANES {
            return Err(damaged("a code-block has more zero bit-planes than bit-planes"));
        }
    }
    Ok(true)
}

/// Reads how many passes a packet adds to a block and how many bytes they take.
fn read_contribution(
    block: &mut Block,
    style: BlockStyle,
    chunks: &mut Chunks,
    bits: &mut HeaderBits<'_>,
) -> Result<()> {
    let mut passes = read_passes(bits)?;
    while bits.bit()? {
        block.length_bits += 1;
        if block.length_bits > MAX_LENGTH_BITS {
            return Err(damaged("the length of a code-block takes more than 31 bits"));
        }
    }
    // With high throughput, whole rounds of three passes before the first real one are placeholders:
    // they only lower the bit-plane (T.814 B.3).
    let mut placeholders = 0;
    if style.high_throughput() && block.passes == 0 {
        placeholders = (passes - 1) / 3 * 3;
        block.zero_planes += placeholders / 3;
        passes -= placeholders;
    }
    while passes > 0 {
        let room = segment_room(style, block.passes)?;
        let taken = passes.min(room.left);
        let length_bits = u32::from(block.length_bits) + u32::from(taken + placeholders).ilog2();
        placeholders = 0;
        let length = bits.bits(length_bits.min(32))?;
        let chunk = Chunk {
            start: 0,
            length,
            passes: taken,
            starts_segment: room.is_new,
            next: None,
        };
        chunks.push(block, chunk)?;
        block.passes = block
            .passes
            .checked_add(taken)
            .ok_or_else(|| damaged("more than 255 coding passes"))?;
        passes -= taken;
    }
    Ok(())
}

/// Reads a number of coding passes (T.800 table B.4).
fn read_passes(bits: &mut HeaderBits<'_>) -> Result<u8> {
    if !bits.bit()? {
        return Ok(1);
    }
    if !bits.bit()? {
        return Ok(2);
    }
    Ok(match bits.bits(2)? {
        3 => match bits.bits(5)? {
            31 => 37 + bits.bits(7)? as u8,
            few => 6 + few as u8,
        },
        few => 3 + few as u8,
    })
}

/// How many more passes belong to the codeword segment of the next pass.
struct Room {
    left: u8,
    is_new: bool,
}

/// Finds the codeword segment of pass number `pass` (T.800 table D.9, T.814 B.3).
fn segment_room(style: BlockStyle, pass: u8) -> Result<Room> {
    let (first, count) = if style.high_throughput() {
        match pass {
            0 => (0, 1),
            1 | 2 => (1, 2),
            _ => {
                return Err(damaged(
                    "code-blocks of several high-throughput sets are not decoded",
                ));
            }
        }
    } else if style.terminate_all() {
        (pass, 1)
    } else if style.bypass() {
        match (pass, pass.wrapping_sub(10) % 3) {
            (0..=9, _) => (0, 10),
            (_, 2) => (pass, 1),
            (_, since) => (pass - since, 2),
        }
    } else {
        (0, u8::MAX)
    };
    Ok(Room {
        left: count - (pass - first),
        is_new: pass == first,
    })
}
