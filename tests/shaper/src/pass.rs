//! Moves bytes from who sends to who receives, when they are due.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::line::Line;
use crate::link_time::LinkTime;
use crate::shape::Link;

/// Bytes are moved as Ethernet's packets hold them: what is longer arrives piece by piece.
pub const PACKET_BYTES: usize = 1460;
/// What a packet counts at least against the memory of a connection, so that many small ones are bounded too.
const LEAST_HELD_BYTES: usize = 64;

/// A line in use: its state, its time and what went over it.
#[derive(Debug)]
pub struct Lane {
    link: Link,
    line: Mutex<Line>,
    /// Who waits for room, in the order of asking: connections put packets into the queue by turns.
    turn: tokio::sync::Mutex<()>,
    time: Arc<Mutex<LinkTime>>,
    begun: Instant,
    passed_bytes: AtomicU64,
    held_bytes: AtomicUsize,
    most_held_bytes: AtomicUsize,
}

impl Lane {
    /// An idle line, whose time `time` began at `begun`.
    pub fn new(link: Link, time: Arc<Mutex<LinkTime>>, begun: Instant) -> Self {
        Self {
            link,
            line: Mutex::new(Line::new(link)),
            turn: tokio::sync::Mutex::new(()),
            time,
            begun,
            passed_bytes: AtomicU64::new(0),
            held_bytes: AtomicUsize::new(0),
            most_held_bytes: AtomicUsize::new(0),
        }
    }

    /// Bytes that were received so far.
    pub fn passed_bytes(&self) -> u64 {
        self.passed_bytes.load(Ordering::Relaxed)
    }

    /// The most bytes that were ever in the queue and under way.
    pub fn most_held_bytes(&self) -> usize {
        self.most_held_bytes.load(Ordering::Relaxed)
    }

    /// Waits for as long as something takes in the link's time.
    pub async fn wait(&self, lasting: Duration) {
        self.reach(self.now() + lasting).await;
    }

    /// The link's time.
    fn now(&self) -> Duration {
        let time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        time.at(self.begun.elapsed())
    }

    /// Waits for a time of the link at which it is open. A cut that comes meanwhile puts it off.
    async fn reach(&self, at: Duration) {
        loop {
            let now = self.begun.elapsed();
            let real = {
                let time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
                time.real(at, now)
            };
            if real <= now {
                return;
            }
            tokio::time::sleep_until(self.begun + real).await;
        }
    }

    async fn room(&self) {
        let _turn = self.turn.lock().await;
        loop {
            let room = self.line.lock().unwrap_or_else(PoisonError::into_inner).room();
            if room <= self.now() {
                return;
            }
            // Who had a turn before may put its packet into the queue only now: it may be full again by then.
            self.reach(room).await;
        }
    }

    fn accept(&self, bytes: usize) -> Duration {
        let held = self.held_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.most_held_bytes.fetch_max(held, Ordering::Relaxed);
        let now = self.now();
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.accept(now, bytes)
    }

    fn gone(&self, bytes: usize) {
        self.held_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Bytes that are held, until they are dropped.
struct Packet<'a> {
    bytes: Vec<u8>,
    lane: &'a Lane,
    _space: SemaphorePermit<'a>,
}

impl Drop for Packet<'_> {
    fn drop(&mut self) {
        self.lane.gone(self.bytes.len());
    }
}

/// What goes over a line.
enum Passing<'a> {
    Bytes(Packet<'a>),
    /// Who sent has no more to send.
    End,
    /// Who sent is gone.
    Broken(io::Error),
}

/// Takes from one end and gives to the other what is due, until the sender has no more.
///
/// Holds no more than the queue and what is under way, and takes no more while it does: a receiver that does not read holds
/// up its sender.
///
/// # Errors
///
/// What either end says; what was under way before the sender broke off has been given.
pub async fn pass<R, W>(lane: &Lane, from: R, to: W) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let space = Semaphore::new(lane.link.most_held_bytes() + PACKET_BYTES);
    let (sender, receiver) = mpsc::unbounded_channel();
    let taking = async {
        take(lane, from, sender, &space).await;
        Ok(())
    };
    tokio::try_join!(taking, give(lane, to, receiver))?;
    Ok(())
}

async fn take<'a, R>(
    lane: &'a Lane,
    mut from: R,
    sender: UnboundedSender<(Duration, Passing<'a>)>,
    space: &'a Semaphore,
) where
    R: AsyncRead + Unpin,
{
    let mut buffer = vec![0; PACKET_BYTES];
    loop {
        let free = space.acquire_many(PACKET_BYTES as u32).await;
        let mut space = free.expect("nobody closes the semaphore");
        lane.room().await;
        let read = from.read(&mut buffer).await;
        let bytes = match &read {
            Ok(count) => buffer[..*count].to_vec(),
            Err(_) => Vec::new(),
        };
        let due = lane.accept(bytes.len());
        let unused = PACKET_BYTES - bytes.len().max(LEAST_HELD_BYTES);
        drop(space.split(unused));
        let passing = match read {
            Ok(0) => Passing::End,
            Ok(_) => Passing::Bytes(Packet {
                bytes,
                lane,
                _space: space,
            }),
            Err(error) => Passing::Broken(error),
        };
        let is_last = !matches!(passing, Passing::Bytes(_));
        // Where nobody receives, the other half has failed and says so.
        if sender.send((due, passing)).is_err() || is_last {
            return;
        }
    }
}

async fn give<'a, W>(
    lane: &'a Lane,
    mut to: W,
    mut receiver: UnboundedReceiver<(Duration, Passing<'a>)>,
) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    while let Some((due, passing)) = receiver.recv().await {
        lane.reach(due).await;
        match passing {
            Passing::Bytes(packet) => {
                to.write_all(&packet.bytes).await?;
                lane.passed_bytes
                    .fetch_add(packet.bytes.len() as u64, Ordering::Relaxed);
            }
            Passing::End => return to.shutdown().await,
            Passing::Broken(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
