//! Syslog: a message with the header of RFC 5424, its length before it (RFC 5425, 4.3; RFC 6587, 3.4.1).

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Repository;
use crate::trail::audit_message;
use crate::trail::event::Event;

/// Facility 10: security and authorization.
const FACILITY: u8 = 10;
/// MSGID of DICOM's messages (PS3.15 A.6).
const MESSAGE: &str = "DICOM+RFC3881";
/// How long it may take to be connected, and to take what is sent.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the other side may take to close when it has read all of it.
const CLOSING: Duration = Duration::from_secs(10);

/// Adds the frame of an event.
pub(super) fn frame(to: &mut Vec<u8>, event: &Event<'_>) {
    let host: String = event
        .source
        .host
        .chars()
        .filter(char::is_ascii_graphic)
        .take(255)
        .collect();
    let priority = FACILITY * 8 + event.meaning.outcome.severity();
    // U+FEFF says that what follows is UTF-8 (RFC 5424, 6.4).
    let message = format!(
        "<{priority}>1 {} {} uptake {} {MESSAGE} - \u{FEFF}{}",
        event.at,
        if host.is_empty() { "-" } else { &host },
        std::process::id(),
        audit_message::message(event)
    );
    to.extend(format!("{} ", message.len()).into_bytes());
    to.extend(message.into_bytes());
}

/// Sends frames over a connection of their own; returns when the other side has read them to the end.
pub(super) async fn send(repository: &Repository, bytes: &[u8]) -> Result<()> {
    let address = (repository.host.as_str(), repository.port);
    let stream = within(PATIENCE, "a connection", TcpStream::connect(address)).await?;
    let Some(tls) = &repository.tls else {
        return hand_over(stream, bytes).await;
    };
    let name = ServerName::try_from(repository.host.clone()).map_err(Error::other)?;
    let stream = TlsConnector::from(tls.clone()).connect(name, stream);
    hand_over(within(PATIENCE, "TLS", stream).await?, bytes).await
}

async fn hand_over(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> Result<()> {
    within(PATIENCE, "the end of a message", async {
        stream.write_all(bytes).await?;
        stream.flush().await?;
        stream.shutdown().await
    })
    .await?;
    // A receiver that reads to the end closes then; one that is gone resets. One that does neither, and keeps the connection,
    // has the bytes all the same: sent again and again they would come for ever.
    let closed = tokio::time::timeout(CLOSING, read_to_the_end(&mut stream));
    closed.await.unwrap_or(Ok(()))
}

async fn read_to_the_end(stream: &mut (impl AsyncRead + Unpin)) -> Result<()> {
    let mut nothing = [0; 256];
    loop {
        match stream.read(&mut nothing).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // Closed without TLS's goodbye.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

async fn within<T>(patience: Duration, what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(patience, work).await {
        Ok(done) => done,
        Err(_) => Err(Error::new(
            ErrorKind::TimedOut,
            format!("expected {what} within {} s", patience.as_secs()),
        )),
    }
}
