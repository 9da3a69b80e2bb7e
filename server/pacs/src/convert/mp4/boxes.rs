//! The boxes of an MP4 (ISO/IEC 14496-12): where the video track says what it is.

use crate::convert::Error;

use super::{damaged, unsupported};

/// What the video track says.
pub(super) struct Track {
    /// The first sequence parameter set of H.264, with its header byte.
    pub(super) sps: Vec<u8>,
    pub(super) frames: u32,
    /// Ticks of a second.
    pub(super) time_scale: u32,
    pub(super) ticks_of_frame: u32,
}

/// Boxes at one level; more is no movie.
const MAX_BOXES: usize = 10_000;

struct Boxes<'a> {
    bytes: &'a [u8],
    left: usize,
}

fn boxes(bytes: &[u8]) -> Boxes<'_> {
    Boxes {
        bytes,
        left: MAX_BOXES,
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<([u8; 4], &'a [u8]), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let taken = split(self.bytes).filter(|_| self.left > 0);
        self.left = self.left.saturating_sub(1);
        let Some((kind, content, rest)) = taken else {
            self.bytes = &[];
            return Some(Err(damaged("a box is larger than the file")));
        };
        self.bytes = rest;
        Some(Ok((kind, content)))
    }
}

/// Type, content, and what follows the first box.
fn split(bytes: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let short = u32_at(bytes, 0)?;
    let kind = bytes.get(4..8)?.try_into().ok()?;
    let (head, size) = match short {
        0 => (8, bytes.len()),
        1 => (
            16,
            usize::try_from(u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)).ok()?,
        ),
        size => (8, size as usize),
    };
    let content = bytes.get(head..size)?;
    Some((kind, content, &bytes[size..]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

/// The first box of a kind.
fn one<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Result<&'a [u8], Error> {
    for found in boxes(bytes) {
        let (found, content) = found?;
        if &found == kind {
            return Ok(content);
        }
    }
    Err(damaged("a box that must be there is not"))
}

/// Reads the only video track.
pub(super) fn video(bytes: &[u8]) -> Result<Track, Error> {
    let mut movie = None;
    let mut has_data = false;
    // The whole top level: a file that is cut short must not look like a movie.
    for found in boxes(bytes) {
        let (kind, content) = found?;
        match &kind {
            b"moov" => movie = Some(content),
            b"mdat" => has_data = true,
            b"moof" => return Err(unsupported("one movie", "fragments")),
            _ => {}
        }
    }
    let movie = movie
        .filter(|_| has_data)
        .ok_or_else(|| damaged("no movie in it"))?;
    let mut video = None;
    for found in boxes(movie) {
        let (kind, content) = found?;
        if &kind != b"trak" {
            continue;
        }
        let media = one(content, b"mdia")?;
        let handler = one(media, b"hdlr")?;
        if handler.get(8..12) != Some(b"vide") {
            continue;
        }
        if video.replace(media).is_some() {
            return Err(unsupported("one video track", "several"));
        }
    }
    track(video.ok_or_else(|| unsupported("a video track", "none"))?)
}

fn track(media: &[u8]) -> Result<Track, Error> {
    let cut = || damaged("its video track is cut short");
    let head = one(media, b"mdhd")?;
    let is_wide = head.first() == Some(&1);
    let time_scale = u32_at(head, if is_wide { 20 } else { 12 }).ok_or_else(cut)?;
    let samples = one(one(media, b"minf")?, b"stbl")?;
    let sizes = one(samples, b"stsz")?;
    let frames = u32_at(sizes, 8).ok_or_else(cut)?;
    let ticks_of_frame = constant_ticks(one(samples, b"stts")?, frames)?;
    if time_scale == 0 || frames == 0 {
        return Err(cut());
    }
    Ok(Track {
        sps: parameters(one(samples, b"stsd")?)?,
        frames,
        time_scale,
        ticks_of_frame,
    })
}

/// Ticks of every frame but the last, whose end many writers cut.
fn constant_ticks(times: &[u8], frames: u32) -> Result<u32, Error> {
    let cut = || damaged("its times are cut short");
    let count = u32_at(times, 4).ok_or_else(cut)? as usize;
    let runs = times.get(8..).unwrap_or_default().chunks_exact(8).take(count);
    let runs: Vec<(u32, u32)> = runs
        .filter_map(|run| Some((u32_at(run, 0)?, u32_at(run, 4)?)))
        .take(3)
        .collect();
    let constant = match runs[..] {
        [(_, ticks)] => Some(ticks),
        [(most, ticks), (1, _)] if most.checked_add(1) == Some(frames) => Some(ticks),
        _ => None,
    };
    constant
        .filter(|ticks| *ticks > 0)
        .ok_or_else(|| unsupported("a constant rate of frames", "another"))
}

/// The parameter set of the one kind of sample, `avc1` with `avcC` (ISO/IEC 14496-15 5.3).
fn parameters(descriptions: &[u8]) -> Result<Vec<u8>, Error> {
    let cut = || damaged("its description of samples is cut short");
    if u32_at(descriptions, 4) != Some(1) {
        return Err(unsupported("one kind of samples", "several"));
    }
    let (kind, content) = boxes(descriptions.get(8..).ok_or_else(cut)?)
        .next()
        .ok_or_else(cut)??;
    if &kind != b"avc1" {
        let kind = String::from_utf8_lossy(&kind).escape_debug().to_string();
        return Err(unsupported("H.264 (avc1)", kind));
    }
    // The fields of a visual sample entry.
    let configuration = one(content.get(78..).ok_or_else(cut)?, b"avcC")?;
    let sets = configuration.get(5).ok_or_else(cut)? & 0x1F;
    if sets != 1 {
        return Err(unsupported("one sequence parameter set", sets.to_string()));
    }
    let length = configuration.get(6..8).ok_or_else(cut)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let set = configuration.get(8..8 + length).ok_or_else(cut)?;
    Ok(set.to_vec())
}
