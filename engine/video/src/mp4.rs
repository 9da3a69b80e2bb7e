//! MP4 with AV1 inside.

use std::io::{Seek, SeekFrom, Write};

use rav1e::prelude::{
    ChromaSampling, ColorDescription, ColorPrimaries, Config, Context, EncoderConfig, EncoderStatus,
    FrameType, MatrixCoefficients, Packet, PixelRange, Rational, SceneDetectionSpeed,
    TransferCharacteristics,
};

use crate::iso::{self, Track};
use crate::planes::Planes;
use crate::{Error, Movie, Picture, Shape};

/// Pictures from one that a player can begin with to the next: a second or two, so that scrubbing is quick.
const KEY_FRAME_INTERVAL: u64 = 24;
/// Pixels for each of which rows of threads one tile is coded.
const TILE_PIXELS: usize = 1 << 16;
const MAX_TILES: usize = 8;
/// The fastest of the encoder's settings: rotating projections are easy to code, and nobody waits gladly.
const SPEED: u8 = 10;

/// An MP4 that is being written: memory holds the pictures that the encoder compares, and 4 bytes for each that
/// is written.
pub struct Mp4<W> {
    sink: W,
    start: u64,
    shape: Shape,
    encoder: Context<u8>,
    planes: Planes,
    /// Pictures that were pushed.
    pushed: u32,
    /// Bytes of each picture that is written.
    sizes: Vec<u32>,
    key_frames: Vec<u32>,
    sequence_header: Vec<u8>,
    bytes: u64,
}

impl<W: Write + Seek> Mp4<W> {
    /// Begins a file where the sink stands.
    ///
    /// # Errors
    ///
    /// [`Error::Size`], [`Error::Rate`] or [`Error::Quality`] of the shape, [`Error::Encoder`] when the encoder
    /// refuses it, [`Error::Io`] of the sink.
    pub fn new(mut sink: W, shape: Shape) -> Result<Self, Error> {
        shape.check()?;
        let encoder = Config::new()
            .with_encoder_config(settings(&shape))
            .new_context()
            .map_err(refused)?;
        let start = sink.stream_position()?;
        sink.write_all(&iso::file_type())?;
        sink.write_all(&data_head(0))?;
        Ok(Self {
            sink,
            start,
            shape,
            encoder,
            planes: Planes::default(),
            pushed: 0,
            sizes: Vec::new(),
            key_frames: Vec::new(),
            sequence_header: Vec::new(),
            bytes: 0,
        })
    }

    /// Writes what the encoder has ready.
    fn drain(&mut self) -> Result<(), Error> {
        loop {
            match self.encoder.receive_packet() {
                Ok(packet) => self.write(&packet)?,
                Err(EncoderStatus::Encoded) => {}
                Err(EncoderStatus::NeedMoreData | EncoderStatus::LimitReached) => return Ok(()),
                Err(status) => return Err(refused(status)),
            }
        }
    }

    fn write(&mut self, packet: &Packet<u8>) -> Result<(), Error> {
        let mut bytes = 0;
        for unit in Units(&packet.data) {
            match unit.kind {
                // Delimiters are left out of files (AV1 in ISOBMFF, 2.4).
                TEMPORAL_DELIMITER => continue,
                SEQUENCE_HEADER if self.sequence_header.is_empty() => {
                    self.sequence_header = unit.bytes.to_vec();
                }
                _ => {}
            }
            self.sink.write_all(unit.bytes)?;
            bytes += unit.bytes.len() as u32;
        }
        self.sizes.push(bytes);
        self.bytes += u64::from(bytes);
        if packet.frame_type == FrameType::KEY {
            self.key_frames.push(self.sizes.len() as u32);
        }
        Ok(())
    }
}

impl<W: Write + Seek> Movie for Mp4<W> {
    fn push(&mut self, picture: Picture<'_>) -> Result<(), Error> {
        self.shape.admit(&picture)?;
        self.planes.fill(&picture);
        let mut frame = self.encoder.new_frame();
        let width = self.shape.width as usize;
        let half = width.div_ceil(2);
        let planes = [
            (&self.planes.luma, width),
            (&self.planes.blue, half),
            (&self.planes.red, half),
        ];
        for (plane, (values, stride)) in frame.planes.iter_mut().zip(planes) {
            plane.copy_from_raw_u8(values, stride, 1);
        }
        self.encoder.send_frame(frame).map_err(refused)?;
        self.pushed += 1;
        self.drain()
    }

    fn finish(mut self) -> Result<u32, Error> {
        if self.pushed == 0 {
            return Err(Error::Empty);
        }
        self.encoder.flush();
        self.drain()?;
        if self.sizes.len() != self.pushed as usize {
            return Err(refused(format!(
                "expected {} pictures coded, found {}",
                self.pushed,
                self.sizes.len()
            )));
        }
        let configuration = [self.encoder.container_sequence_header(), self.sequence_header].concat();
        let head = data_head(self.bytes);
        let data_at = self.start + iso::file_type().len() as u64;
        let track = Track {
            shape: &self.shape,
            configuration: &configuration,
            sizes: &self.sizes,
            key_frames: &self.key_frames,
            first_at: (data_at - self.start) as u32 + head.len() as u32,
        };
        self.sink.write_all(&track.movie())?;
        let end = self.sink.stream_position()?;
        self.sink.seek(SeekFrom::Start(data_at))?;
        self.sink.write_all(&head)?;
        self.sink.seek(SeekFrom::Start(end))?;
        self.sink.flush()?;
        Ok(self.pushed)
    }
}

/// The head of `mdat`, in its form for lengths of 64 bits.
fn data_head(content_bytes: u64) -> [u8; 16] {
    let mut head = [0, 0, 0, 1, b'm', b'd', b'a', b't', 0, 0, 0, 0, 0, 0, 0, 0];
    head[8..].copy_from_slice(&(content_bytes + 16).to_be_bytes());
    head
}

fn settings(shape: &Shape) -> EncoderConfig {
    let [width, height] = [shape.width, shape.height].map(|side| side as usize);
    let mut settings = EncoderConfig {
        width,
        height,
        time_base: Rational::new(u64::from(shape.rate.seconds), u64::from(shape.rate.images)),
        chroma_sampling: ChromaSampling::Cs420,
        pixel_range: PixelRange::Limited,
        color_description: Some(ColorDescription {
            color_primaries: ColorPrimaries::BT709,
            transfer_characteristics: TransferCharacteristics::BT709,
            matrix_coefficients: MatrixCoefficients::BT709,
        }),
        min_key_frame_interval: KEY_FRAME_INTERVAL,
        max_key_frame_interval: KEY_FRAME_INTERVAL,
        // No picture waits for a later one: memory stays small, and packets are in the order of time.
        low_latency: true,
        // The encoder's scale is 0 (lossless) to 255.
        quantizer: (100 - usize::from(shape.quality)) * 255 / 100,
        tiles: (width * height / TILE_PIXELS).clamp(1, MAX_TILES),
        ..EncoderConfig::with_speed_preset(SPEED)
    };
    settings.speed_settings.rdo_lookahead_frames = 1;
    settings.speed_settings.scene_detection_mode = SceneDetectionSpeed::None;
    settings
}

fn refused(reason: impl ToString) -> Error {
    Error::Encoder {
        format: "AV1",
        reason: reason.to_string(),
    }
}

/// Kinds of open bitstream units (AV1 6.2.2).
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;

/// One open bitstream unit, with its head.
struct Unit<'a> {
    kind: u8,
    bytes: &'a [u8],
}

/// The units of a packet; the encoder writes the length of each.
struct Units<'a>(&'a [u8]);

impl<'a> Iterator for Units<'a> {
    type Item = Unit<'a>;

    fn next(&mut self) -> Option<Unit<'a>> {
        let first = *self.0.first()?;
        let (extension, has_length) = (first >> 2 & 1, first >> 1 & 1 == 1);
        let mut at = 1 + usize::from(extension);
        let mut length = 0usize;
        if has_length {
            // Seven bits a byte, the lowest first (AV1 4.10.5).
            for shift in (0..56).step_by(7) {
                let byte = *self.0.get(at)?;
                at += 1;
                length |= usize::from(byte & 0x7f) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
            }
        } else {
            length = self.0.len().saturating_sub(at);
        }
        let (bytes, rest) = self.0.split_at_checked(at.checked_add(length)?)?;
        self.0 = rest;
        Some(Unit {
            kind: first >> 3 & 15,
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Units;

    #[test]
    fn units_are_told_apart() {
        let packet = [
            &[0x12, 0x00][..],
            &[0x0a, 0x02, 7, 8],
            &[0x32, 0x80, 0x01],
            &[9; 128],
            &[0x30, 1, 2],
        ]
        .concat();
        let found: Vec<(u8, usize)> = Units(&packet).map(|unit| (unit.kind, unit.bytes.len())).collect();
        assert_eq!(found, [(2, 2), (1, 4), (6, 131), (6, 3)]);
        assert_eq!(Units(&[0x0a, 0x05, 1]).count(), 0, "a length beyond the packet");
    }
}
