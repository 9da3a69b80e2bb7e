//! Threads that may wait for a disk.
//!
//! An async thread must not wait, so what waits moves to another; each move costs two changes of threads. What waits several
//! times on its way, as an object does that is received, moves once.

use std::cell::Cell;
use std::future::Future;

use tokio::runtime::Handle;
use tokio::task::{JoinError, spawn_blocking};

thread_local! {
    static MAY_WAIT: Cell<bool> = const { Cell::new(false) };
}

/// Runs what waits for a disk: here, if this thread may wait, else on one that may.
///
/// # Errors
///
/// It panicked.
pub async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    if MAY_WAIT.get() {
        return Ok(work());
    }
    spawn_blocking(work).await
}

/// Runs all of a future on one thread that may wait. Once begun it goes on to its end, whoever asked.
///
/// # Errors
///
/// It panicked.
pub async fn on_one_thread<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, JoinError> {
    if MAY_WAIT.get() {
        return Ok(future.await);
    }
    let runtime = Handle::current();
    spawn_blocking(move || {
        let _mark = Mark::set();
        runtime.block_on(future)
    })
    .await
}

/// Threads are used again; a panic must not leave the mark.
struct Mark;

impl Mark {
    fn set() -> Self {
        MAY_WAIT.set(true);
        Self
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        MAY_WAIT.set(false);
    }
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    use super::*;

    #[tokio::test]
    async fn what_waits_several_times_changes_threads_once() {
        let asked = current().id();
        let threads = on_one_thread(async {
            let first = run(|| current().id()).await.unwrap();
            tokio::task::yield_now().await;
            (current().id(), first, run(|| current().id()).await.unwrap())
        });
        let (own, first, second) = threads.await.unwrap();
        assert!(own != asked && first == own && second == own);
        assert_ne!(run(|| current().id()).await.unwrap(), asked);
    }

    #[tokio::test]
    async fn a_panic_leaves_no_mark() {
        let failed = on_one_thread(async { panic!("as expected") });
        let failed: Result<(), _> = failed.await;
        assert!(failed.unwrap_err().is_panic());
        let is_marked = spawn_blocking(|| MAY_WAIT.get());
        assert!(!is_marked.await.unwrap());
    }
}
