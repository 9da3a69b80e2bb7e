//! The proxy: listens, connects on, and moves bytes both ways.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::link_time::LinkTime;
use crate::pass::{Lane, pass};
use crate::shape::Shape;

/// Bytes that the kernel may hold of a socket before the proxy reads them: without a bound it takes megabytes, and no sender
/// would notice that the line is narrow.
const SOCKET_BYTES: u32 = 64 << 10;
const WAITING_CONNECTIONS: u32 = 1024;

/// How a cut is felt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing passes; who waits long enough finds everything again, and new connections open afterwards.
    Stall,
    /// Every connection is reset at once, and each new one as long as the cut lasts.
    Reset,
}

/// What all connections share.
struct Shared {
    target: SocketAddr,
    shape: Shape,
    up: Lane,
    down: Lane,
    time: Arc<Mutex<LinkTime>>,
    begun: Instant,
    /// Until when connections are reset.
    resets: watch::Sender<Option<Instant>>,
}

/// A proxy in front of an address, ended with this.
pub struct Shaper {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Shaper {
    /// Listens on a port of the system's choice on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// What the system says where it cannot listen.
    pub async fn start(target: SocketAddr, shape: Shape) -> io::Result<Self> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), target, shape).await
    }

    /// Listens at an address.
    ///
    /// # Errors
    ///
    /// What the system says where it cannot listen.
    pub async fn start_at(listen: SocketAddr, target: SocketAddr, shape: Shape) -> io::Result<Self> {
        let socket = socket_for(listen)?;
        socket.set_reuseaddr(true)?;
        socket.bind(listen)?;
        let listener = socket.listen(WAITING_CONNECTIONS)?;
        let address = listener.local_addr()?;
        let (time, begun) = (Arc::<Mutex<LinkTime>>::default(), Instant::now());
        let shared = Arc::new(Shared {
            target,
            shape,
            up: Lane::new(shape.up, time.clone(), begun),
            down: Lane::new(shape.down, time.clone(), begun),
            time,
            begun,
            resets: watch::Sender::new(None),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts the link from now on.
    pub fn cut(&self, how: Cut, lasting: Duration) {
        match how {
            Cut::Stall => {
                let mut time = self.shared.time.lock().unwrap_or_else(PoisonError::into_inner);
                time.cut(self.shared.begun.elapsed(), lasting);
            }
            Cut::Reset => {
                let until = Instant::now() + lasting;
                self.shared
                    .resets
                    .send_modify(|last| *last = (*last).max(Some(until)));
            }
        }
    }

    /// What went over the link from who connects.
    pub fn up(&self) -> &Lane {
        &self.shared.up
    }

    /// What went over the link to who connects.
    pub fn down(&self) -> &Lane {
        &self.shared.down
    }
}

impl Drop for Shaper {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn socket_for(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Before it listens or connects: the window is agreed on then.
    socket.set_recv_buffer_size(SOCKET_BYTES)?;
    Ok(socket)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((near, _)) => {
                    connections.spawn(connection(near, shared.clone()));
                }
                // Out of files: others end, and then there is one again.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves a connection until both directions have ended, one has failed or the link is reset.
async fn connection(mut near: TcpStream, shared: Arc<Shared>) {
    let mut resets = shared.resets.subscribe();
    let is_reset = (*resets.borrow_and_update()).is_some_and(|until| Instant::now() < until);
    if is_reset {
        reset(&near);
        return;
    }
    let opened = tokio::select! {
        _ = resets.changed() => None,
        opened = open(&shared) => opened.ok(),
    };
    let Some(mut far) = opened else {
        reset(&near);
        return;
    };
    let is_whole = tokio::select! {
        _ = resets.changed() => false,
        passed = both_ways(&mut near, &mut far, &shared) => passed.is_ok(),
    };
    if !is_whole {
        reset(&near);
        reset(&far);
    }
}

/// Connects on, after the round trip that a connection costs before its first byte (RFC 9293 3.5). Who connects to the proxy
/// is told that it is open at once; its first bytes wait instead.
async fn open(shared: &Shared) -> io::Result<TcpStream> {
    shared.up.wait(shared.shape.round_trip()).await;
    socket_for(shared.target)?.connect(shared.target).await
}

async fn both_ways(near: &mut TcpStream, far: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (near_read, near_write) = near.split();
    let (far_read, far_write) = far.split();
    tokio::try_join!(
        pass(&shared.up, near_read, far_write),
        pass(&shared.down, far_read, near_write)
    )?;
    Ok(())
}

/// Makes of the end of a connection a reset (RST instead of FIN).
fn reset(stream: &TcpStream) {
    // A socket that is closed already has nothing to reset.
    let _ = stream.set_zero_linger();
}
