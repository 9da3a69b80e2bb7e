//! Streams that a task fills, a few pieces ahead of whoever takes them.

use std::future::Future;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Error, Result};

/// Pieces that wait for whoever takes them.
pub(super) const WAITING: usize = 4;

/// Where a writer's bytes go.
pub(super) struct Sink(mpsc::Sender<Result<Bytes>>);

impl Sink {
    /// Gives bytes, waiting for room.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] when nobody takes them any more.
    pub(super) async fn send(&self, bytes: Bytes) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.0.send(Ok(bytes)).await.map_err(|_| Error::Interrupted)
    }
}

/// Gives what `write` sends, then its error, if there is one. Dropped, it ends the writing.
pub(super) fn written<F>(
    write: impl FnOnce(Sink) -> F,
) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    let writing = write(Sink(sender.clone()));
    let task = tokio::spawn(async move {
        if let Err(error) = writing.await {
            // Whoever took the bytes may be gone.
            let _ = sender.send(Err(error)).await;
        }
    });
    joined(receiver, task, || Err(Error::Interrupted))
}

/// Gives what comes from a task; one that panicked must not look like the end.
pub(super) fn joined<T: Send + 'static>(
    receiver: mpsc::Receiver<T>,
    task: JoinHandle<()>,
    panicked: fn() -> T,
) -> impl Stream<Item = T> + Send + Unpin + 'static {
    let parts = stream::unfold((receiver, Some(task)), move |(mut receiver, task)| async move {
        if let Some(part) = receiver.recv().await {
            return Some((part, (receiver, task)));
        }
        match task?.await {
            Ok(()) => None,
            Err(_) => Some((panicked(), (receiver, None))),
        }
    });
    Box::pin(parts)
}
