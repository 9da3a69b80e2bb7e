//! Decodes a codestream: tile-parts to tiles, tiles to samples (ITU-T T.800 Annex A, G).

use std::borrow::Cow;

use crate::{Error, FrameDescription, Result};

use super::block::{BlockCoder, BlockShape, SIGN};
use super::damaged;
use super::header::Parameters;
use super::ht::{HtDecoder, HtSegments};
use super::packets::PacketReader;
use super::reader::Reader;
use super::size::{Rect, Size};
use super::tile::{Block, Chunk, TileComponent};
use super::wavelet;

/// What a codestream says of its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) precision: u8,
    pub(super) signed: bool,
    /// A component transform was undone: the samples are red, green, blue.
    pub(super) is_rgb: bool,
}

/// The headers and bodies of a tile's parts, in the order of the stream.
#[derive(Debug, Clone, Default)]
struct TileParts<'a> {
    headers: Vec<(u16, Reader<'a>)>,
    bodies: Vec<&'a [u8]>,
}

/// Decodes `codestream` into `out`.
///
/// # Errors
///
/// [`Error::Invalid`] when it disagrees with the description, else [`Error::Damaged`] or
/// [`Error::Truncated`].
pub(super) fn decode(codestream: &[u8], description: &FrameDescription, out: &mut [u8]) -> Result<Stated> {
    let mut stream = Reader::new(codestream);
    if stream.u16()? != 0xFF4F || stream.u16()? != 0xFF51 {
        return Err(damaged("expected the markers SOC and SIZ"));
    }
    let size = Size::read(&mut stream.segment()?, description)?;
    check_plausible(codestream, description)?;
    let mut parameters = Parameters::new(size.components);
    loop {
        match stream.u16()? {
            0xFF90 => break,
            marker => parameters.apply(marker, stream.segment()?)?,
        }
    }
    let mut stated = Stated {
        precision: size.precision,
        signed: size.signed,
        is_rgb: false,
    };
    let mut decoder = TileDecoder::default();
    for (index, parts) in tile_parts(codestream, stream, &size)?.into_iter().enumerate() {
        let mut own = parameters.for_tile();
        for (marker, segment) in parts.headers {
            own.apply(marker, segment)?;
        }
        let body = match parts.bodies[..] {
            [] => return Err(damaged(format!("tile {index} is missing"))),
            [body] => Cow::Borrowed(body),
            _ => Cow::Owned(parts.bodies.concat()),
        };
        stated.is_rgb |= own.general()?.component_transform;
        decoder.decode(&body, &own, &size, size.tile(index as u32))?;
        decoder.store(&size, size.tile(index as u32), description, out);
    }
    Ok(stated)
}

/// Refuses a frame so large that the stream cannot mean it, before its coefficients are allocated.
///
/// An honest empty image takes a few hundred bytes whatever its size, hence the generous start.
fn check_plausible(codestream: &[u8], description: &FrameDescription) -> Result<()> {
    const ALWAYS: u64 = 1 << 26;
    const SAMPLES_A_BYTE: u64 = 1 << 12;
    let samples = description.samples() as u64;
    let limit = ALWAYS.max(SAMPLES_A_BYTE.saturating_mul(codestream.len() as u64));
    if samples > limit {
        return Err(Error::TooLarge {
            what: "JPEG 2000 samples for so few bytes",
            limit,
            found: samples,
        });
    }
    Ok(())
}

/// Collects the tile-parts; `stream` stands after the first SOT marker (T.800 A.4.2).
fn tile_parts<'a>(codestream: &'a [u8], mut stream: Reader<'a>, size: &Size) -> Result<Vec<TileParts<'a>>> {
    let (across, down) = size.tiles();
    let count = across as usize * down as usize;
    // A tile takes a tile-part at least: SOT with its segment, SOD.
    if count > codestream.len() / 14 {
        return Err(Error::Truncated {
            what: "JPEG 2000 tiles",
            expected: count as u64 * 14,
            found: codestream.len() as u64,
        });
    }
    let mut tiles = vec![TileParts::default(); count];
    loop {
        let start = stream.position() - 2;
        let mut segment = stream.segment()?;
        let (index, length) = (segment.u16()?, segment.u32()? as usize);
        let tile = tiles
            .get_mut(usize::from(index))
            .ok_or_else(|| damaged(format!("tile {index} does not exist")))?;
        loop {
            match stream.u16()? {
                0xFF93 => break,
                marker => tile.headers.push((marker, stream.segment()?)),
            }
        }
        // No length stands for all that is left; only the last tile-part may do so.
        let body = match length {
            0 => {
                let rest = stream.rest();
                let padded = rest.strip_suffix(&[0]).unwrap_or(rest);
                padded.strip_suffix(&[0xFF, 0xD9]).unwrap_or(rest)
            }
            _ => {
                let header = stream.position() - start;
                let body = length.checked_sub(header);
                stream.take(body.ok_or_else(|| damaged("a tile-part is shorter than its header"))?)?
            }
        };
        tile.bodies.push(body);
        // A stream without its last marker is whole all the same.
        if length == 0 || stream.rest().len() < 12 || stream.u16()? != 0xFF90 {
            return Ok(tiles);
        }
    }
}

/// The samples of a tile-component, before they are put together.
#[derive(Debug)]
enum Plane {
    Whole(Vec<i32>),
    Real(Vec<f32>),
}

/// Decodes tiles one after the other.
#[derive(Debug, Default)]
struct TileDecoder {
    blocks: BlockDecoder,
    planes: Vec<Plane>,
}

impl TileDecoder {
    fn decode(&mut self, body: &[u8], parameters: &Parameters, size: &Size, rect: Rect) -> Result<()> {
        let general = parameters.general()?;
        let mut components = (0..size.components)
            .map(|index| TileComponent::new(rect, parameters, index, size.precision))
            .collect::<Result<Vec<_>>>()?;
        let chunks = PacketReader::new(body, general, &mut components)?.read_all(parameters)?;
        self.planes.clear();
        for component in &components {
            self.planes.push(if component.reversible {
                Plane::Whole(self.blocks.plane(component, body, &chunks, whole)?)
            } else {
                Plane::Real(self.blocks.plane(component, body, &chunks, real)?)
            });
        }
        if general.component_transform {
            self.undo_component_transform()?;
        }
        Ok(())
    }

    /// T.800 Annex G.2 and G.3.
    fn undo_component_transform(&mut self) -> Result<()> {
        match &mut self.planes[..] {
            [Plane::Whole(first), Plane::Whole(second), Plane::Whole(third), ..] => {
                for ((y, u), v) in first.iter_mut().zip(second).zip(third) {
                    let green = y.wrapping_sub(u.wrapping_add(*v) >> 2);
                    (*y, *u, *v) = (v.wrapping_add(green), green, u.wrapping_add(green));
                }
            }
            [Plane::Real(first), Plane::Real(second), Plane::Real(third), ..] => {
                for ((y, cb), cr) in first.iter_mut().zip(second).zip(third) {
                    let red = *y + 1.402 * *cr;
                    let green = *y - 0.344_13 * *cb - 0.714_14 * *cr;
                    (*y, *cb, *cr) = (red, green, *y + 1.772 * *cb);
                }
            }
            _ => {
                return Err(damaged(
                    "a component transform needs three components of one wavelet",
                ));
            }
        }
        Ok(())
    }

    /// Writes the tile's samples to their places in the frame, level-shifted and within their range.
    fn store(&self, size: &Size, rect: Rect, description: &FrameDescription, out: &mut [u8]) {
        let bytes = description.bytes_per_sample();
        let half = 1_i32 << (size.precision - 1);
        let (shift, lowest) = if size.signed { (0, -half) } else { (half, 0) };
        let highest = lowest + 2 * half - 1;
        let width = rect.width() as usize;
        let frame_row = size.image.width() as usize * self.planes.len() * bytes;
        let first = (rect.x0 - size.image.x0) as usize * self.planes.len() * bytes;
        let top = (rect.y0 - size.image.y0) as usize;
        for (component, plane) in self.planes.iter().enumerate() {
            for row in 0..rect.height() as usize {
                let from = row * width..(row + 1) * width;
                let to = &mut out[(top + row) * frame_row + first + component * bytes..];
                let to = to.chunks_mut(self.planes.len() * bytes);
                let put = |place: &mut [u8], value: i32| {
                    let value = value.saturating_add(shift).clamp(lowest, highest);
                    place[..bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
                };
                match plane {
                    Plane::Whole(plane) => to.zip(&plane[from]).for_each(|(to, value)| put(to, *value)),
                    Plane::Real(plane) => to
                        .zip(&plane[from])
                        .for_each(|(to, value)| put(to, value.round_ties_even() as i32)),
                }
            }
        }
    }
}

/// Turns a decoded value (times two, with its half) into an integer coefficient.
fn whole(value: u32, _: f32) -> i32 {
    let magnitude = ((value & !SIGN) >> 1) as i32;
    if value & SIGN != 0 { -magnitude } else { magnitude }
}

/// Turns a decoded value (times two, with its half) into a real coefficient.
fn real(value: u32, step: f32) -> f32 {
    let magnitude = (value & !SIGN) as f32 * 0.5 * step;
    if value & SIGN != 0 { -magnitude } else { magnitude }
}

/// Decodes code-blocks; keeps its memory for the next one.
#[derive(Debug)]
struct BlockDecoder {
    classic: BlockCoder,
    high_throughput: HtDecoder,
    bytes: Vec<u8>,
    /// End of each codeword segment in `bytes`, and its passes.
    segments: Vec<(usize, u8)>,
}

impl Default for BlockDecoder {
    fn default() -> Self {
        Self {
            classic: BlockCoder::new(),
            high_throughput: HtDecoder::default(),
            bytes: Vec::new(),
            segments: Vec::new(),
        }
    }
}

impl BlockDecoder {
    /// Decodes all blocks of a component and undoes its wavelet.
    fn plane<T: wavelet::Sample>(
        &mut self,
        component: &TileComponent,
        body: &[u8],
        chunks: &[Chunk],
        coefficient: impl Fn(u32, f32) -> T,
    ) -> Result<Vec<T>> {
        let stride = component.rect.width() as usize;
        let mut plane = vec![T::default(); stride * component.rect.height() as usize];
        for block in component.blocks.iter().filter(|block| block.passes > 0) {
            self.gather(block, body, chunks);
            self.decode_block(component, block)?;
            let step =
                component.resolutions[usize::from(block.resolution)].bands[usize::from(block.band)].step;
            let is_ht = component.style.high_throughput();
            for row in 0..usize::from(block.height) {
                let start = (block.origin.1 as usize + row) * stride + block.origin.0 as usize;
                for column in 0..usize::from(block.width) {
                    let value = if is_ht {
                        self.high_throughput.value(column, row)
                    } else {
                        self.classic.value(column, row)
                    };
                    plane[start + column] = coefficient(without_roi(value, component.roi_shift), step);
                }
            }
        }
        for pair in component.resolutions.windows(2) {
            wavelet::synthesize(&mut plane, stride.max(1), pair[0].rect, pair[1].rect);
        }
        Ok(plane)
    }

    /// Copies a block's chunks together, so that each codeword segment is contiguous.
    fn gather(&mut self, block: &Block, body: &[u8], chunks: &[Chunk]) {
        self.bytes.clear();
        self.segments.clear();
        let mut next = block.chunks.map(|(first, _)| first);
        while let Some(number) = next {
            let chunk = &chunks[number as usize];
            self.bytes
                .extend_from_slice(&body[chunk.start..chunk.start + chunk.length as usize]);
            match self.segments.last_mut() {
                Some(last) if !chunk.starts_segment => {
                    *last = (self.bytes.len(), last.1.saturating_add(chunk.passes));
                }
                _ => self.segments.push((self.bytes.len(), chunk.passes)),
            }
            next = chunk.next;
        }
    }

    fn decode_block(&mut self, component: &TileComponent, block: &Block) -> Result<()> {
        let band = &component.resolutions[usize::from(block.resolution)].bands[usize::from(block.band)];
        let shape = BlockShape {
            width: usize::from(block.width),
            height: usize::from(block.height),
            orientation: band.orientation,
            bit_planes: band.bit_planes.saturating_sub(block.zero_planes),
            style: component.style,
        };
        let mut from = 0;
        let mut segments = self.segments.iter().map(|(end, passes)| {
            let segment = &self.bytes[from..*end];
            from = *end;
            (segment, *passes)
        });
        if !component.style.high_throughput() {
            return self.classic.decode(&shape, segments);
        }
        let clean_up = segments.next().map_or(&[][..], |segment| segment.0);
        let (refinement, refinement_passes) = segments.next().unwrap_or_default();
        self.high_throughput.decode(
            (shape.width, shape.height),
            (block.zero_planes, shape.bit_planes),
            HtSegments {
                clean_up,
                refinement,
                refinement_passes,
            },
            shape.style.vertically_causal(),
        )
    }
}

/// Moves the coefficients of a region of interest back down (T.800 Annex H.1).
fn without_roi(value: u32, shift: u8) -> u32 {
    let magnitude = value & !SIGN;
    if shift > 0 && magnitude >> 1 >= 1 << shift {
        return magnitude >> shift | value & SIGN;
    }
    value
}
