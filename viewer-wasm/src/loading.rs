//! A series that is being loaded from its stream (`docs/viewer-protocol.md`).

use viewer::{Arrivals, Arrived, Chunk, ChunkKind, SeriesStream};

/// Reads a series' stream, in as many pieces and after as many interruptions as it takes.
#[derive(Debug)]
pub struct Loading {
    series: String,
    stream: SeriesStream,
    etag: Option<String>,
    /// The chunk that comes next.
    next: u32,
    /// Whether small pictures have come that are not shown yet.
    has_overviews: bool,
    /// A few frames that come before all others.
    ahead: SeriesStream,
    ahead_frames: Vec<Chunk>,
}

/// Frames that come before all others: those about the slice that is seen first.
pub const AHEAD: usize = 3;

/// What some work has brought about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worked {
    /// Keys of series that look different.
    pub changed: Vec<String>,
    /// Frames that were taken in.
    pub frames: usize,
    /// Whether there is more to do of what has come.
    pub has_more: bool,
    /// Whether the end of the stream has come.
    pub is_over: bool,
}

impl Loading {
    /// Nothing of a series has come.
    #[must_use]
    pub fn new(series: &str) -> Self {
        Self {
            series: series.to_owned(),
            stream: SeriesStream::default(),
            etag: None,
            next: 0,
            has_overviews: false,
            ahead: SeriesStream::default(),
            ahead_frames: Vec::new(),
        }
    }

    /// Takes bytes of a stream without small pictures that begins with the frames about the slice that is seen first. Gives
    /// keys of series that look different once enough has come; nothing while it has not.
    ///
    /// # Errors
    ///
    /// One sentence when it cannot be used: the frames come again with all others.
    pub fn push_ahead(&mut self, arrivals: &Arrivals, bytes: &[u8]) -> Result<Option<Vec<String>>, String> {
        self.ahead.push(bytes);
        while self.ahead_frames.len() < AHEAD {
            match self.ahead.next_chunk().map_err(|error| error.to_string())? {
                Some(chunk) if chunk.kind == ChunkKind::Frame => self.ahead_frames.push(chunk),
                Some(_) => break,
                None => return Ok(None),
            }
        }
        let chunks = std::mem::take(&mut self.ahead_frames);
        put(
            &mut std::mem::take(&mut self.ahead),
            &self.series,
            arrivals,
            &chunks,
        )
        .map(Some)
    }

    /// A stream begins: the first, or one that goes on behind the last whole chunk. Gives the number of the chunk to begin with.
    pub fn begin(&mut self) -> u32 {
        self.stream = SeriesStream::default();
        self.next
    }

    /// Takes bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.stream.push(bytes);
    }

    /// Takes in what has come, up to so many frames.
    ///
    /// # Errors
    ///
    /// One sentence when the stream or a frame of it cannot be used.
    pub fn work(&mut self, arrivals: &Arrivals, most_frames: usize) -> Result<Worked, String> {
        self.check_header()?;
        let mut worked = Worked::default();
        let mut frames: Vec<Chunk> = Vec::new();
        while frames.len() < most_frames {
            let Some(chunk) = self.stream.next_chunk().map_err(|error| error.to_string())? else {
                break;
            };
            if chunk.number != self.next {
                return Err(format!("expected chunk {}, found {}", self.next, chunk.number));
            }
            self.next += 1;
            match chunk.kind {
                ChunkKind::Overview => self.overview(arrivals, &chunk)?,
                ChunkKind::Frame => frames.push(chunk),
                ChunkKind::End => worked.is_over = true,
            }
        }
        worked.has_more = frames.len() == most_frames;
        worked.frames = frames.len();
        if !frames.is_empty() || worked.is_over {
            // Small pictures come before all frames: now all of them have.
            worked.changed.extend(self.show_overviews(arrivals)?);
        }
        worked
            .changed
            .extend(put(&mut self.stream, &self.series, arrivals, &frames)?);
        worked.changed.sort();
        worked.changed.dedup();
        Ok(worked)
    }

    fn check_header(&mut self) -> Result<(), String> {
        let header = self.stream.header().map_err(|error| error.to_string())?;
        let Some(header) = header else { return Ok(()) };
        match &self.etag {
            Some(etag) if *etag != header.etag => {
                return Err("the series has changed while it was loaded; open it again".to_owned());
            }
            Some(_) => {}
            None => self.etag = Some(header.etag.clone()),
        }
        Ok(())
    }

    fn overview(&mut self, arrivals: &Arrivals, chunk: &Chunk) -> Result<(), String> {
        let header = self.stream.header().map_err(|error| error.to_string())?;
        let (Some(header), false) = (header, chunk.content.is_empty()) else {
            return Ok(());
        };
        let (Some(step), Some(frame)) = (header.overview_step, header.frames.get(chunk.place)) else {
            return Ok(());
        };
        let arrived = Arrived {
            sop_instance_uid: &frame.sop_instance_uid,
            frame: frame.frame,
            syntax: chunk.syntax,
            bytes: &chunk.content,
        };
        arrivals.put_overview(&self.series, arrived, step)?;
        self.has_overviews = true;
        Ok(())
    }

    fn show_overviews(&mut self, arrivals: &Arrivals) -> Result<Vec<String>, String> {
        match std::mem::take(&mut self.has_overviews) {
            true => arrivals.show(&self.series),
            false => Ok(Vec::new()),
        }
    }
}

/// Puts frames of a stream where they belong.
fn put(
    stream: &mut SeriesStream,
    series: &str,
    arrivals: &Arrivals,
    chunks: &[Chunk],
) -> Result<Vec<String>, String> {
    let header = stream.header().map_err(|error| error.to_string())?;
    let Some(header) = header.filter(|_| !chunks.is_empty()) else {
        return Ok(Vec::new());
    };
    let arrived = chunks.iter().filter_map(|chunk| {
        let frame = header.frames.get(chunk.place)?;
        Some(Arrived {
            sop_instance_uid: &frame.sop_instance_uid,
            frame: frame.frame,
            syntax: chunk.syntax,
            bytes: &chunk.content,
        })
    });
    arrivals.put(series, &arrived.collect::<Vec<_>>())
}
