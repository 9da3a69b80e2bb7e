//! Measures retrieval over HTTP: metadata, frames, a whole series by WADO-RS and as a viewer's stream.
//!
//! `cargo run -p pacs --example retrieve_speed -- FOLDER [COPIES [LINKS]]` imports the files of one folder, as often as said with
//! other instance UIDs of the same length, and asks for them on this machine; with LINKS, a list of Mbit/s, the series also
//! through links of that speed. Processor time is that of server, link and client together.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pacs::access::Open;
use pacs::fast::{Ahead, KeptFrames};
use pacs::http::{App, Limits, router, serve};
use pacs::index::{Index, Key, Level, Place, Query};
use pacs::ingest::{Ingest, Outcome};
use pacs::services::Archive;
use pacs::storage::Storage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let from = PathBuf::from(arguments.next().ok_or("expected a folder")?);
    let copies: u32 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let folder = std::env::temp_dir().join(format!("retrieve-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let links = arguments.next().unwrap_or_default();
    let links = links.split(',').filter(|text| !text.is_empty()).map(str::parse);
    let links: Vec<f64> = links.collect::<Result<_, _>>()?;
    let outcome = measure(&from, copies, &links, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    outcome
}

async fn measure(from: &Path, copies: u32, links: &[f64], folder: &Path) -> Result<(), Failure> {
    let storage = Storage::local(&folder.join("objects"))?;
    let index = Index::open(&Place::Sqlite(folder.join("index.sqlite"))).await?;
    let ingest = Ingest::new(storage.clone(), index.clone(), pacs::ingest::Limits::default()).await?;
    let (study, series, instances) = import(&ingest, from, copies).await?;
    let archive = Archive::new(ingest, index.clone(), storage, "UPTAKE", Default::default());
    let kept = KeptFrames::open(&folder.join("kept"), 4 << 30)?;
    let first = App::new(archive.clone(), Arc::new(Open));
    let ready = App::new(archive.with_kept_frames(kept), Arc::new(Open));
    let port = start(first.clone()).await?;
    let mut query = Query::all(Level::Instance);
    query.keys = vec![Key::from_text(
        dicom_dictionary_std::tags::SERIES_INSTANCE_UID,
        &series,
    )];
    let rows = index.query(&query).await?;
    let uids: Vec<String> = rows
        .iter()
        .map(|row| row.value(dicom_dictionary_std::tags::SOP_INSTANCE_UID).to_owned())
        .collect();
    println!("{instances} instances");
    let names = (study.clone(), series.clone());
    tokio::task::spawn_blocking(move || requests(port, &names.0, &names.1, &uids)).await?;
    let (ahead_s, cpu) = (Instant::now(), cpu_s());
    let made = Ahead::new(ready.clone(), Duration::ZERO).round(i64::MAX).await?;
    println!(
        "made ahead: {made} series in {:.1?}, {:.1} s of processor",
        ahead_s.elapsed(),
        cpu_s() - cpu
    );
    let ways = [
        (
            "WADO-RS",
            "",
            format!("/dicom-web/studies/{study}/series/{series}"),
        ),
        (
            "viewer, nothing made",
            "",
            format!("/viewer/v1/series/{study}/{series}"),
        ),
        (
            "viewer, without overview, nothing made",
            "",
            format!("/viewer/v1/series/{study}/{series}?overview=none"),
        ),
        (
            "viewer, made ahead",
            "ready",
            format!("/viewer/v1/series/{study}/{series}"),
        ),
    ];
    for megabits_s in [0.0].iter().chain(links) {
        for (what, which, path) in &ways {
            let times = if *megabits_s == 0.0 { 5 } else { 1 };
            let mut measured = Vec::new();
            for _ in 0..times {
                let mut ports = [0; 2];
                for port in &mut ports {
                    // A service that starts knows nothing; one that made ahead has the headers too.
                    let app = match *which {
                        "" => App::new(first.archive().clone(), Arc::new(Open)),
                        _ => ready.clone(),
                    };
                    *port = start(app).await?;
                    if *megabits_s > 0.0 {
                        *port = link(*port, megabits_s * 1e6 / 8.0).await?;
                    }
                }
                let (path, is_stream, count) = (path.clone(), path.starts_with("/viewer"), instances as u32);
                measured
                    .push(tokio::task::spawn_blocking(move || one(ports, &path, is_stream, count)).await?);
            }
            measured.sort_by_key(|one| one.whole);
            println!("{}: {what}: {}", name(*megabits_s), measured[times / 2]);
        }
    }
    Ok(())
}

fn name(megabits_s: f64) -> String {
    if megabits_s == 0.0 {
        "loopback".to_owned()
    } else {
        format!("{megabits_s} Mbit/s")
    }
}

async fn start(app: App) -> Result<u16, Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let limits = Limits {
        // A slow link's client says nothing for minutes.
        silence: Duration::from_secs(3600),
        ..Limits::default()
    };
    tokio::spawn(serve(listener, router(app), None, limits, std::future::pending()));
    Ok(port)
}

/// What one answer took.
struct Measured {
    overview: Option<Duration>,
    whole: Duration,
    bytes: usize,
    processor_s: f64,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            overview,
            whole,
            bytes,
            processor_s,
        } = self;
        write!(
            f,
            "{whole:.2?}, {:.1} MB, {processor_s:.2} s of processor",
            *bytes as f64 / 1e6
        )?;
        match overview {
            Some(overview) => write!(f, ", overview of all after {overview:.2?}"),
            None => Ok(()),
        }
    }
}

fn one([port, other]: [u16; 2], path: &str, is_stream: bool, instances: u32) -> Measured {
    let stored = "accept: multipart/related; type=\"application/dicom\"; transfer-syntax=*\r\n";
    let headers = if is_stream { "" } else { stored };
    let (start, cpu) = (Instant::now(), cpu_s());
    let (_, bytes) = Client::new(port).get(path, headers);
    let (whole, processor_s) = (start.elapsed(), cpu_s() - cpu);
    let has_overview = is_stream && !path.ends_with("none");
    Measured {
        overview: has_overview.then(|| Client::new(other).until(path, instances).0),
        whole,
        bytes,
        processor_s,
    }
}

/// A way to the service that lets so many bytes a second through.
async fn link(port: u16, bytes_s: f64) -> Result<u16, Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let own = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let socket = tokio::net::TcpSocket::new_v4()?;
            // What lies in buffers on the way is not there yet.
            socket.set_recv_buffer_size(64 << 10)?;
            let far = socket.connect(([127, 0, 0, 1], port).into()).await?;
            tokio::spawn(through(near, far, bytes_s));
        }
        Ok::<(), std::io::Error>(())
    });
    Ok(own)
}

async fn through(
    near: tokio::net::TcpStream,
    far: tokio::net::TcpStream,
    bytes_s: f64,
) -> std::io::Result<()> {
    let ((mut from_near, mut to_near), (mut from_far, mut to_far)) = (near.into_split(), far.into_split());
    tokio::spawn(async move { tokio::io::copy(&mut from_near, &mut to_far).await });
    let mut buffer = vec![0; 16 << 10];
    let mut free = tokio::time::Instant::now();
    loop {
        let n = from_far.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        tokio::time::sleep_until(free).await;
        free = free.max(tokio::time::Instant::now() - Duration::from_millis(5))
            + Duration::from_secs_f64(n as f64 / bytes_s);
        to_near.write_all(&buffer[..n]).await?;
    }
}

/// Seconds that the processors worked for this process; 0 where Linux does not say.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

/// Takes the files; copies have other instance UIDs.
async fn import(ingest: &Ingest, from: &Path, copies: u32) -> Result<(String, String, usize), Failure> {
    let mut found = (String::new(), String::new(), 0);
    for entry in std::fs::read_dir(from)? {
        let bytes = std::fs::read(entry?.path())?;
        for copy in 0..copies {
            let Some(bytes) = copied(&bytes, copy) else {
                continue;
            };
            if let Outcome::Stored(receipt) = ingest.take(&bytes).await? {
                found = (receipt.study_uid, receipt.series_uid, found.2 + 1);
            }
        }
    }
    Ok(found)
}

/// The file under another instance UID of the same length.
fn copied(bytes: &[u8], copy: u32) -> Option<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    if copy == 0 {
        return Some(bytes);
    }
    let object = codec::dataset::read(&bytes, codec::dataset::Limits::default()).ok()?;
    let uid = object
        .data_set
        .get(dicom_dictionary_std::tags::SOP_INSTANCE_UID)?;
    let uid = uid.to_str().ok()?.trim_end_matches('\0').to_owned();
    drop(object);
    let other = format!("{}{}", &uid[..uid.len() - 1], copy % 10);
    let mut at = 0;
    while let Some(place) = bytes[at..]
        .windows(uid.len())
        .position(|window| window == uid.as_bytes())
    {
        bytes[at + place..at + place + uid.len()].copy_from_slice(other.as_bytes());
        at += place + uid.len();
    }
    Some(bytes)
}

fn requests(port: u16, study: &str, series: &str, uids: &[String]) {
    let base = format!("/dicom-web/studies/{study}/series/{series}");
    let frame = |uid: &str| format!("{base}/instances/{uid}/frames/1");
    let octets = "accept: application/octet-stream\r\n";
    let mut client = Client::new(port);
    repeat("metadata", 20, |_| client.get(&format!("{base}/metadata"), "").1);
    repeat("metadata, gzip", 20, |_| {
        client
            .get(&format!("{base}/metadata"), "accept-encoding: gzip\r\n")
            .1
    });
    repeat("one frame", 200, |at| {
        client.get(&frame(&uids[at % uids.len()]), octets).1
    });
    let start = Instant::now();
    std::thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || {
                let mut client = Client::new(port);
                for uid in uids.iter().skip(part).step_by(4) {
                    client.get(&frame(uid), octets);
                }
            });
        }
    });
    println!(
        "frames on 4 connections: {:.0}/s",
        uids.len() as f64 / start.elapsed().as_secs_f64()
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"))
    {
        println!("{line} (server and client)");
    }
}

fn repeat(what: &str, times: usize, mut work: impl FnMut(usize) -> usize) {
    let mut bytes = 0;
    let mut spans: Vec<Duration> = (0..times)
        .map(|at| {
            let start = Instant::now();
            bytes = work(at);
            start.elapsed()
        })
        .collect();
    spans.sort();
    let (p50, p95) = (spans[times / 2], spans[times * 95 / 100]);
    println!(
        "{what}: p50 {p50:.1?}, p95 {p95:.1?}, {:.2} MB",
        bytes as f64 / 1e6
    );
}

/// A connection that is kept.
struct Client {
    port: u16,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn new(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the service listens");
        stream.set_nodelay(true).expect("a socket takes it");
        Self {
            port,
            stream,
            buffer: vec![0; 1 << 20],
        }
    }

    fn ask(&mut self, path: &str, headers: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        self.stream.write_all(request.as_bytes()).expect("it is open");
    }

    /// Status and bytes of the answer.
    fn get(&mut self, path: &str, headers: &str) -> (u16, usize) {
        self.ask(path, headers);
        let (mut all, mut ending) = (0, Vec::new());
        let mut head: Option<(u16, usize, Option<usize>)> = None;
        loop {
            let n = self.stream.read(&mut self.buffer).expect("it answers");
            assert!(n > 0, "broken off: {path}");
            all += n;
            ending.extend_from_slice(&self.buffer[..n]);
            if head.is_none()
                && let Some(end) = ending.windows(4).position(|four| four == b"\r\n\r\n")
            {
                let text = String::from_utf8_lossy(&ending[..end]).to_lowercase();
                let status = text[9..12].parse().expect("a status");
                assert!(status == 200, "{path}: {text}");
                let length = text
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                head = Some((status, end + 4, length.and_then(|text| text.parse().ok())));
            }
            if head.is_some() {
                let gone = ending.len().saturating_sub(16);
                ending.drain(..gone);
            }
            if let Some((status, start, length)) = head {
                let is_ended = match length {
                    Some(length) => all == start + length,
                    None => ending.ends_with(b"\r\n0\r\n\r\n"),
                };
                if is_ended {
                    return (status, all - start);
                }
            }
        }
    }

    /// Reads a viewer's stream until so many chunks have come; gives how long that took and the bytes.
    fn until(&mut self, path: &str, chunks: u32) -> (Duration, usize) {
        let start = Instant::now();
        self.ask(path, "");
        let (mut raw, mut plain) = (Vec::new(), Vec::new());
        let (mut at, mut is_headed) = (0, false);
        let mut seen = None;
        while seen.is_none_or(|number| number + 1 < chunks) {
            let n = self.stream.read(&mut self.buffer).expect("it answers");
            assert!(n > 0, "broken off: {path}");
            raw.extend_from_slice(&self.buffer[..n]);
            if !is_headed {
                let Some(end) = raw.windows(4).position(|four| four == b"\r\n\r\n") else {
                    continue;
                };
                (at, is_headed) = (end + 4, true);
            }
            // Chunks of HTTP first, then those of the stream.
            while let Some(line) = raw[at..].windows(2).position(|two| two == b"\r\n") {
                let size = std::str::from_utf8(&raw[at..at + line]).ok();
                let size = size
                    .and_then(|text| usize::from_str_radix(text, 16).ok())
                    .expect("a size");
                if raw.len() < at + line + 4 + size {
                    break;
                }
                plain.extend_from_slice(&raw[at + line + 2..at + line + 2 + size]);
                at += line + 4 + size;
            }
            seen = last_chunk(&plain);
        }
        let outcome = (start.elapsed(), plain.len());
        *self = Self::new(self.port);
        outcome
    }
}

/// The number of the last chunk that came whole.
fn last_chunk(stream: &[u8]) -> Option<u32> {
    let word = |at: usize| Some(u32::from_le_bytes(stream.get(at..at + 4)?.try_into().ok()?));
    let mut at = 12 + word(8)? as usize;
    let mut last = None;
    while let (Some(number), Some(length)) = (word(at + 4), word(at + 16)) {
        at += 20 + length as usize;
        if at > stream.len() {
            break;
        }
        last = Some(number);
    }
    last
}
