//! What a link turns out to be, over real sockets.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::proxy::Shaper;
use crate::shape::Shape;

const ROUND_TRIPS: usize = 9;
/// Bytes each way, without a rate.
const WITHOUT_RATE_BYTES: u64 = 32 << 20;

/// What was found of a link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The median of some.
    pub round_trip: Duration,
    /// From who connects.
    pub up_bits_per_s: f64,
    /// To who connects.
    pub down_bits_per_s: f64,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "round trip {:.1} ms, {:.2} Mbit/s up, {:.2} Mbit/s down",
            self.round_trip.as_secs_f64() * 1e3,
            self.up_bits_per_s / 1e6,
            self.down_bits_per_s / 1e6
        )
    }
}

/// Measures a link as a program at its end would: round trips of a byte, then bytes for `lasting` each way.
///
/// # Errors
///
/// What a socket says.
pub async fn probe(shape: Shape, lasting: Duration) -> io::Result<Found> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let shaper = Shaper::start(listener.local_addr()?, shape).await?;
    let answering: JoinHandle<io::Result<()>> = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        answer(&mut stream).await
    });
    let mut stream = TcpStream::connect(shaper.address()).await?;
    stream.set_nodelay(true)?;
    // Once for the connection itself.
    round_trip(&mut stream).await?;
    let mut round_trips = [Duration::ZERO; ROUND_TRIPS];
    for one in &mut round_trips {
        *one = round_trip(&mut stream).await?;
    }
    round_trips.sort_unstable();
    let bytes_of = |rate: Option<u64>| match rate {
        Some(rate) => ((rate as f64 / 8.0 * lasting.as_secs_f64()) as u64).max(1),
        None => WITHOUT_RATE_BYTES,
    };
    let up = upload(&mut stream, bytes_of(shape.up.bits_per_s)).await?;
    let down = download(&mut stream, bytes_of(shape.down.bits_per_s)).await?;
    stream.shutdown().await?;
    answering.await.map_err(io::Error::other)??;
    Ok(Found {
        round_trip: round_trips[ROUND_TRIPS / 2],
        up_bits_per_s: up.rate(shape.round_trip()),
        down_bits_per_s: down.rate(shape.round_trip()),
    })
}

/// Bytes that took a time, with a question before and an answer after.
struct Took {
    bytes: u64,
    time: Duration,
}

impl Took {
    fn rate(&self, round_trip: Duration) -> f64 {
        self.bytes as f64 * 8.0 / self.time.saturating_sub(round_trip).as_secs_f64()
    }
}

/// What is asked of the far end: to take so many bytes, or to give them.
const TAKE: u8 = 1;
const GIVE: u8 = 2;

async fn ask(stream: &mut TcpStream, what: u8, bytes: u64) -> io::Result<()> {
    let mut question = [what; 9];
    question[1..].copy_from_slice(&bytes.to_be_bytes());
    stream.write_all(&question).await
}

async fn round_trip(stream: &mut TcpStream) -> io::Result<Duration> {
    Ok(download(stream, 1).await?.time)
}

async fn upload(stream: &mut TcpStream, bytes: u64) -> io::Result<Took> {
    let begun = Instant::now();
    ask(stream, TAKE, bytes).await?;
    send(stream, bytes).await?;
    stream.read_u8().await?;
    let time = begun.elapsed();
    Ok(Took { bytes, time })
}

async fn download(stream: &mut TcpStream, bytes: u64) -> io::Result<Took> {
    let begun = Instant::now();
    ask(stream, GIVE, bytes).await?;
    take(stream, bytes).await?;
    let time = begun.elapsed();
    Ok(Took { bytes, time })
}

/// The far end.
async fn answer(stream: &mut TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let what = match stream.read_u8().await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            what => what?,
        };
        let bytes = stream.read_u64().await?;
        if what == TAKE {
            take(stream, bytes).await?;
            stream.write_u8(0).await?;
        } else {
            send(stream, bytes).await?;
        }
    }
}

async fn send(stream: &mut TcpStream, bytes: u64) -> io::Result<()> {
    tokio::io::copy(&mut tokio::io::repeat(0).take(bytes), stream).await?;
    stream.flush().await
}

async fn take(stream: &mut TcpStream, bytes: u64) -> io::Result<()> {
    let taken = tokio::io::copy(&mut stream.take(bytes), &mut tokio::io::sink()).await?;
    if taken < bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
