//! A value that a callback of the device brings, awaited.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// A place for one value: a callback gives it, one task awaits it.
#[derive(Debug)]
pub(super) struct Signal<T> {
    state: Arc<Mutex<(Option<T>, Option<Waker>)>>,
}

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
        }
    }
}

impl<T> Default for Signal<T> {
    fn default() -> Self {
        Self {
            state: Arc::new(Mutex::new((None, None))),
        }
    }
}

impl<T> Signal<T> {
    pub(super) fn give(&self, value: T) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = Some(value);
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }
}

impl<T> Future for Signal<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = state.0.take() {
            return Poll::Ready(value);
        }
        state.1 = Some(context.waker().clone());
        Poll::Pending
    }
}

/// The outcome of work that never waits but in calls that block, as all work here does but in a browser.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn blocking<F: Future>(work: F) -> F::Output {
    let mut work = std::pin::pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        // The second round is for callbacks that another thread of the driver makes.
        if let Poll::Ready(outcome) = work.as_mut().poll(&mut context) {
            return outcome;
        }
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::{Signal, blocking};

    #[test]
    fn a_value_given_later_arrives() {
        let signal = Signal::default();
        let giver = signal.clone();
        let later = second_thread(move || giver.give(7));
        assert_eq!(blocking(signal), 7);
        later.join().unwrap();
    }

    #[allow(clippy::disallowed_methods, reason = "a test needs a second thread")]
    fn second_thread(work: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
        std::thread::spawn(work)
    }
}
