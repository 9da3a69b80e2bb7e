//! Threads that may wait for a disk.
//!
//! An async thread must not wait, so what waits moves to another; each move costs two changes of threads. What waits several
//! times on its way, as an object does that is received, moves once.

use std::cell::Cell;
use std::future::Future;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn, spawn_blocking};

/// Threads that [`on_one_thread`] has at once. They may all wait for somebody who needs a thread himself, so that most of a
/// runtime's (tokio has 512) must be left.
const AT_ONCE: usize = 64;

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

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

/// Runs all of a future on one thread that may wait; where many are asked for they wait for their turn. Once begun it goes on
/// to its end, whoever asked.
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
    // It is never closed.
    let place = PLACES.acquire().await.ok();
    spawn_blocking(move || {
        let _place = place;
        let _mark = Mark::set();
        runtime.block_on(future)
    })
    .await
}

/// Runs a future to its end, whoever asked for it: here, if this thread may wait, and so is not stopped, else as a task.
///
/// # Errors
///
/// It panicked.
pub async fn to_the_end<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, JoinError> {
    if MAY_WAIT.get() {
        return Ok(future.await);
    }
    spawn(future).await
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
    use std::sync::Arc;
    use std::thread::current;
    use std::time::Duration;

    use tokio::sync::Mutex;

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

    /// More than a runtime has threads wait for somebody who needs one.
    #[tokio::test(flavor = "multi_thread")]
    async fn those_who_wait_leave_threads_to_those_they_wait_for() {
        let turn = Arc::new(Mutex::new(0));
        let mut held = turn.lock().await;
        let waiting: Vec<_> = (0..600)
            .map(|_| {
                let turn = Arc::clone(&turn);
                spawn(on_one_thread(async move { *turn.lock().await += 1 }))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let got = tokio::time::timeout(Duration::from_secs(10), run(|| 1)).await;
        *held += got.expect("a thread is left").unwrap();
        drop(held);
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        assert_eq!(*turn.lock().await, 601);
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
