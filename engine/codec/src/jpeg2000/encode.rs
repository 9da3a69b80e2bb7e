//! Encodes without loss: one tile, one layer, 5/3 wavelet, 64x64 code-blocks.
//!
//! Both transfer syntaxes get the same codestream but for the code-blocks: packets by resolution and
//! position, which lets a reader stop at a smaller picture. The headers are written first and then read
//! back, so that the geometry is the decoder's own.

use crate::{Error, FrameDescription, Photometric, Result};

use super::block::{BlockCoder, BlockShape, SIGN};
use super::header::Parameters;
use super::ht_encode;
use super::packet_write::{EncodedBlock, PacketWriter};
use super::reader::Reader;
use super::size::Rect;
use super::tile::{Block, Precinct, TileComponent};
use super::wavelet;

/// Most bits a sample that is encoded; DICOM's transfer syntaxes allow as many.
const MAX_PRECISION: u16 = 16;

/// Which coder codes the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coder {
    Classic,
    HighThroughput,
}

/// Encodes a frame.
///
/// # Errors
///
/// [`Error::Invalid`] for a layout that is not encoded or values beyond their bits.
pub(super) fn encode(values: &[u8], description: &FrameDescription, coder: Coder) -> Result<Vec<u8>> {
    let frame = Frame::read(values, description)?;
    let header = frame.header(coder);
    let parameters = read_back(&header.coding, frame.planes.len())?;
    let rect = Rect {
        x0: 0,
        y0: 0,
        x1: description.columns,
        y1: description.rows,
    };
    let mut components = (0..frame.planes.len())
        .map(|index| TileComponent::new(rect, &parameters, index, frame.precision))
        .collect::<Result<Vec<_>>>()?;
    let mut precincts = Vec::new();
    for (index, component) in components.iter().enumerate() {
        component.list_precincts(index as u8, &mut precincts);
    }
    precincts.sort_by_key(|precinct| {
        let (x, y) = precinct.position;
        (precinct.resolution, y, x, precinct.component)
    });
    let mut blocks = BlockCoder::new();
    let mut packets = PacketWriter::default();
    for precinct in &precincts {
        let index = usize::from(precinct.component);
        let plane = Coefficients {
            values: &frame.planes[index],
            stride: description.columns as usize,
        };
        write_packet(
            &mut components[index],
            precinct,
            &plane,
            &mut blocks,
            &mut packets,
        )?;
    }
    Ok(header.assemble(&packets.bytes))
}

/// Reads the coding parameters as a decoder does.
fn read_back(coding: &[u8], components: usize) -> Result<Parameters> {
    let mut parameters = Parameters::new(components);
    let mut reader = Reader::new(coding);
    while !reader.rest().is_empty() {
        parameters.apply(reader.u16()?, reader.segment()?)?;
    }
    Ok(parameters)
}

/// A component's coefficients, sub-bands in its quarters.
struct Coefficients<'a> {
    values: &'a [i32],
    stride: usize,
}

impl Coefficients<'_> {
    /// Gives magnitude and [`SIGN`] at a place of a block.
    fn value(&self, block: &Block, column: usize, row: usize) -> u32 {
        let (x, y) = block.origin;
        let value = self.values[(y as usize + row) * self.stride + x as usize + column];
        value.unsigned_abs() | if value < 0 { SIGN } else { 0 }
    }
}

fn write_packet(
    component: &mut TileComponent,
    precinct: &Precinct,
    plane: &Coefficients<'_>,
    coder: &mut BlockCoder,
    packets: &mut PacketWriter,
) -> Result<()> {
    let resolution = usize::from(precinct.resolution);
    let mut bands = Vec::new();
    for band in 0..component.resolutions[resolution].bands.len() {
        let grid = component.grid(precinct, band);
        component.blocks.clear();
        component.add_blocks(precinct.resolution, band, grid);
        let encoded = component
            .blocks
            .iter()
            .map(|block| encode_block(component, block, plane, coder))
            .collect::<Result<Vec<_>>>()?;
        bands.push((grid, encoded));
    }
    packets.write(bands);
    Ok(())
}

fn encode_block(
    component: &TileComponent,
    block: &Block,
    plane: &Coefficients<'_>,
    coder: &mut BlockCoder,
) -> Result<EncodedBlock> {
    let (width, height) = (usize::from(block.width), usize::from(block.height));
    let band = &component.resolutions[usize::from(block.resolution)].bands[usize::from(block.band)];
    let value = |column, row| plane.value(block, column, row);
    let all = (0..height)
        .flat_map(|row| (0..width).map(move |column| value(column, row)))
        .fold(0, |all, value| all | value & !SIGN);
    let used = (u32::BITS - all.leading_zeros()) as u8;
    let Some(unused) = band.bit_planes.checked_sub(used) else {
        return Err(Error::Invalid {
            what: "bits of a JPEG 2000 coefficient",
            expected: format!("at most {}", band.bit_planes),
            found: used.to_string(),
        });
    };
    if used == 0 {
        return Ok(EncodedBlock::default());
    }
    if component.style.high_throughput() {
        let bytes = ht_encode::encode(width, height, value);
        return Ok(EncodedBlock {
            bytes,
            passes: 1,
            zero_planes: band.bit_planes - 1,
        });
    }
    let shape = BlockShape {
        width,
        height,
        orientation: band.orientation,
        bit_planes: used,
        style: component.style,
    };
    let (bytes, passes) = coder.encode(&shape, value);
    Ok(EncodedBlock {
        bytes,
        passes,
        zero_planes: unused,
    })
}

/// A frame's components, transformed.
struct Frame {
    size: (u32, u32),
    planes: Vec<Vec<i32>>,
    precision: u8,
    signed: bool,
    levels: u8,
    component_transform: bool,
}

impl Frame {
    fn read(values: &[u8], description: &FrameDescription) -> Result<Self> {
        check(values, description)?;
        let mut planes = planes(values, description)?;
        let component_transform = planes.len() == 3
            && matches!(
                description.photometric,
                Photometric::Rgb | Photometric::YbrRct | Photometric::YbrIct
            );
        if component_transform {
            transform_components(&mut planes);
        }
        let size = (description.columns, description.rows);
        let levels = levels(size);
        for plane in &mut planes {
            for level in 0..levels {
                let part = (
                    size.0.div_ceil(1 << level) as usize,
                    size.1.div_ceil(1 << level) as usize,
                );
                wavelet::analyze(plane, size.0 as usize, part);
            }
        }
        Ok(Self {
            size,
            planes,
            precision: description.bits_stored as u8,
            signed: description.signed,
            levels,
            component_transform,
        })
    }

    fn header(&self, coder: Coder) -> Header {
        // The component transform adds a bit to two of the components.
        let guard_bits = 2 + u8::from(self.component_transform);
        let high_throughput = coder == Coder::HighThroughput;
        Header {
            size: self.size_segment(high_throughput),
            capabilities: high_throughput.then(|| self.capabilities_segment(guard_bits)),
            coding: [
                self.coding_segment(high_throughput),
                self.quantization_segment(guard_bits),
            ]
            .concat(),
        }
    }

    fn size_segment(&self, high_throughput: bool) -> Vec<u8> {
        let mut segment = vec![0xFF, 0x51];
        segment.extend((38 + 3 * self.planes.len() as u16).to_be_bytes());
        segment.extend(if high_throughput { [0x40, 0] } else { [0, 0] });
        let (columns, rows) = self.size;
        for number in [columns, rows, 0, 0, columns, rows, 0, 0] {
            segment.extend(number.to_be_bytes());
        }
        segment.extend((self.planes.len() as u16).to_be_bytes());
        for _ in &self.planes {
            segment.extend([(self.precision - 1) | u8::from(self.signed) << 7, 1, 1]);
        }
        segment
    }

    /// Part 15, all blocks high-throughput, reversible, at most so many bit-planes (T.814 A.3).
    fn capabilities_segment(&self, guard_bits: u8) -> Vec<u8> {
        let gain = if self.levels > 0 { 2 } else { 0 };
        let bit_planes = self.precision + gain + guard_bits - 1;
        vec![0xFF, 0x50, 0, 8, 0, 2, 0, 0, 0, bit_planes.saturating_sub(8)]
    }

    fn coding_segment(&self, high_throughput: bool) -> Vec<u8> {
        const RESOLUTION_POSITION: u8 = 2;
        let style = if high_throughput { 0x40 } else { 0 };
        let transform = u8::from(self.component_transform);
        vec![
            0xFF,
            0x52,
            0,
            12,
            0,
            RESOLUTION_POSITION,
            0,
            1,
            transform,
            self.levels,
            4,
            4,
            style,
            1,
        ]
    }

    fn quantization_segment(&self, guard_bits: u8) -> Vec<u8> {
        let length = 4 + 3 * self.levels;
        let mut segment = vec![0xFF, 0x5C, 0, length, guard_bits << 5];
        segment.push(self.precision << 3);
        for _ in 0..self.levels {
            segment.extend([1, 1, 2].map(|gain| (self.precision + gain) << 3));
        }
        segment
    }
}

/// Marker segments of the main header.
struct Header {
    size: Vec<u8>,
    capabilities: Option<Vec<u8>>,
    coding: Vec<u8>,
}

impl Header {
    /// Puts the codestream together: one tile-part, whose length stands in the main header too, as
    /// PS3.5's RPCL transfer syntax asks.
    fn assemble(self, packets: &[u8]) -> Vec<u8> {
        let length = (packets.len() as u32 + 14).to_be_bytes();
        let mut stream = vec![0xFF, 0x4F];
        stream.extend(self.size);
        if let Some(capabilities) = &self.capabilities {
            stream.extend(capabilities);
        }
        stream.extend(self.coding);
        if self.capabilities.is_some() {
            stream.extend([0xFF, 0x55, 0, 10, 0, 0x60, 0, 0]);
            stream.extend(length);
        }
        stream.extend([0xFF, 0x90, 0, 10, 0, 0]);
        stream.extend(length);
        stream.extend([0, 1, 0xFF, 0x93]);
        stream.extend(packets);
        stream.extend([0xFF, 0xD9]);
        stream
    }
}

fn check(values: &[u8], description: &FrameDescription) -> Result<()> {
    let expected = description.frame_bytes()?;
    let mismatch = |what, expected: String, found: String| {
        Err(Error::Invalid {
            what,
            expected,
            found,
        })
    };
    if values.len() != expected || expected == 0 {
        return mismatch(
            "bytes of a frame",
            expected.max(1).to_string(),
            values.len().to_string(),
        );
    }
    let precision = description.bits_stored;
    if precision == 0 || precision > MAX_PRECISION || description.high_bit + 1 != precision {
        return mismatch(
            "bits stored for JPEG 2000",
            format!("1 to {MAX_PRECISION}, ending at bit 0"),
            format!(
                "{precision} ending at bit {}",
                i32::from(description.high_bit) + 1 - i32::from(precision)
            ),
        );
    }
    if usize::from(precision) > description.bytes_per_sample() * 8 {
        return mismatch(
            "bits stored",
            format!("at most {}", description.bits_allocated),
            precision.to_string(),
        );
    }
    if !(1..=4).contains(&description.samples_per_pixel) {
        return mismatch(
            "samples per pixel",
            "1 to 4".into(),
            description.samples_per_pixel.to_string(),
        );
    }
    Ok(())
}

/// Splits a frame into components about zero.
fn planes(values: &[u8], description: &FrameDescription) -> Result<Vec<Vec<i32>>> {
    let bytes = description.bytes_per_sample();
    let samples = usize::from(description.samples_per_pixel);
    let half = 1_i32 << (description.bits_stored - 1);
    let shift = if description.signed { 0 } else { half };
    let unused = 32 - 8 * bytes as u32;
    let mut planes = vec![Vec::with_capacity(description.pixels()); samples];
    for (index, sample) in values.chunks_exact(bytes).enumerate() {
        let mut word = [0; 4];
        word[..bytes].copy_from_slice(sample);
        let word = i32::from_le_bytes(word);
        let value = match description.signed {
            true => word << unused >> unused,
            false => word,
        };
        let centred = value.wrapping_sub(shift);
        if !(-half..half).contains(&centred) {
            return Err(Error::Invalid {
                what: "stored value",
                expected: format!("{} bits", description.bits_stored),
                found: value.to_string(),
            });
        }
        planes[index % samples].push(centred);
    }
    Ok(planes)
}

/// T.800 G.2.1.
fn transform_components(planes: &mut [Vec<i32>]) {
    let [first, second, third] = planes else { return };
    for ((red, green), blue) in first.iter_mut().zip(second).zip(third) {
        let luma = (*red + 2 * *green + *blue) >> 2;
        (*red, *green, *blue) = (luma, *blue - *green, *red - *green);
    }
}

/// As many decompositions as are of use, so that the smallest resolution is at most 64 a side.
fn levels((columns, rows): (u32, u32)) -> u8 {
    let useful = columns.min(rows).ilog2().min(5);
    let needed = columns.max(rows).div_ceil(64).next_power_of_two().ilog2();
    useful.max(needed) as u8
}
