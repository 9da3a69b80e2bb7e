//! Whose turn it is to draw: first come, first served, one picture each, so that all sessions are drawn for alike.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Places at the renderer.
#[derive(Debug)]
pub struct Schedule {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug)]
struct State {
    free: usize,
    waiting: VecDeque<u64>,
    next: u64,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Place(Arc<Schedule>);

impl Schedule {
    /// So many at once.
    #[must_use]
    pub fn new(at_once: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                free: at_once.max(1),
                waiting: VecDeque::new(),
                next: 0,
            }),
            moved: Condvar::new(),
        })
    }

    /// Waits for a place behind all who came before.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Place {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let own = state.next;
        state.next += 1;
        state.waiting.push_back(own);
        while state.free == 0 || state.waiting.front() != Some(&own) {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.pop_front();
        state.free -= 1;
        drop(state);
        // Where there are several places, the next may be free too.
        self.moved.notify_all();
        Place(Arc::clone(self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.free += 1;
        drop(state);
        self.0.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_waits_longest_is_next() {
        let schedule = Schedule::new(1);
        let first = schedule.enter();
        let (done, order) = mpsc::channel();
        let threads: Vec<_> = (0..5)
            .map(|n| {
                let (own, done) = (Arc::clone(&schedule), done.clone());
                let thread = std::thread::spawn(move || {
                    let place = own.enter();
                    done.send(n).unwrap();
                    drop(place);
                });
                // Until it stands in line.
                while schedule.state.lock().unwrap().waiting.len() < n + 1 {
                    std::thread::yield_now();
                }
                thread
            })
            .collect();
        assert!(order.try_recv().is_err(), "the place is taken");
        drop(first);
        let found: Vec<usize> = (0..5)
            .map(|_| order.recv_timeout(Duration::from_secs(60)).unwrap())
            .collect();
        assert_eq!(found, [0, 1, 2, 3, 4]);
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
