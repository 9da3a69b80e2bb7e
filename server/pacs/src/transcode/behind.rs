//! A thread for work that nobody waits for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use tokio::sync::oneshot;

use super::{Error, Result};

type Work = Box<dyn FnOnce() + Send>;

/// One thread of the lowest priority, begun when it is first needed; clones share it. It ends with the last of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Behind {
    queue: Arc<Mutex<Option<mpsc::Sender<Work>>>>,
}

impl Behind {
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.send(Box::new(move || {
            if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
                // Whoever asked may have gone.
                let _ = answer.send(done);
            }
        }))?;
        answered.await.map_err(|_| Error::Fault)
    }

    fn send(&self, work: Work) -> Result<()> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = match &*queue {
            Some(queue) => queue,
            None => queue.insert(begin()?),
        };
        queue.send(work).map_err(|_| Error::Fault)
    }
}

fn begin() -> Result<mpsc::Sender<Work>> {
    let (queue, waiting) = mpsc::channel::<Work>();
    let working = move || {
        give_way();
        for work in waiting {
            work();
        }
    };
    let thread = std::thread::Builder::new().name("behind".to_owned());
    thread.spawn(working).map_err(|_| Error::Fault)?;
    Ok(queue)
}

#[cfg(unix)]
fn give_way() {
    // On Linux this is the thread's own; where it is not allowed the work is done all the same.
    let _ = rustix::process::nice(19);
}

#[cfg(not(unix))]
fn give_way() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_and_what_panics_costs_itself_only() {
        let behind = Behind::default();
        assert!(matches!(
            behind.run(|| panic!("as expected")).await,
            Err(Error::Fault)
        ));
        assert_eq!(behind.run(|| 6 * 7).await.unwrap(), 42);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn it_gives_way_and_others_do_not() {
        let nice = || rustix::process::nice(0).unwrap();
        let before = nice();
        assert_eq!(Behind::default().run(nice).await.unwrap(), 19);
        assert_eq!(nice(), before);
    }
}
