//! The stream under an association.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A stream of bytes both ways: TCP, TLS over it, or one end of a pipe in a test.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {
    /// Asks for what was read to be acknowledged at once.
    ///
    /// Common peers write a PDU's header and body apart and leave Nagle's algorithm on: each message then
    /// waits up to 40 ms for our delayed acknowledgement. The kernel forgets the wish, so it is repeated
    /// after reads. A TLS stream passes it on to its TCP stream.
    fn acknowledge_now(&self) {}
}

impl Transport for TcpStream {
    fn acknowledge_now(&self) {
        // Slower without, never wrong: what the kernel says does not matter.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = self.set_quickack(true);
    }
}

impl Transport for tokio::io::DuplexStream {}

impl Transport for Box<dyn Transport> {
    fn acknowledge_now(&self) {
        (**self).acknowledge_now();
    }
}

#[cfg(feature = "tls")]
impl Transport for tokio_rustls::server::TlsStream<TcpStream> {
    fn acknowledge_now(&self) {
        self.get_ref().0.acknowledge_now();
    }
}

#[cfg(feature = "tls")]
impl Transport for tokio_rustls::client::TlsStream<TcpStream> {
    fn acknowledge_now(&self) {
        self.get_ref().0.acknowledge_now();
    }
}

/// Prepares a TCP stream, accepted or connected: small messages leave at once.
///
/// # Errors
///
/// What the system says of the socket.
pub fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.acknowledge_now();
    Ok(())
}
