//! What was decided before. A decision depends on nothing but what is asked: a page shows a dozen links by as many
//! questions, and the same ones come again with every page.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Decisions that are remembered at most; then all are forgotten.
const MOST: usize = 4096;

/// Decisions by all that was asked.
#[derive(Debug, Default)]
pub(super) struct Decided(Mutex<HashMap<String, bool>>);

impl Decided {
    /// What was decided, or what is decided now; a question that fails is not remembered.
    pub(super) fn or_ask<E>(&self, asked: String, ask: impl FnOnce() -> Result<bool, E>) -> Result<bool, E> {
        if let Some(decided) = self.lock().get(&asked) {
            return Ok(*decided);
        }
        let decided = ask()?;
        let mut all = self.lock();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(asked, decided);
        Ok(decided)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Decided, MOST};

    #[test]
    fn a_question_is_asked_once_and_few_are_remembered() {
        let decided = Decided::default();
        for (asked, now, expected) in [
            ("a", true, true),
            ("a", false, true),
            ("b", false, false),
            ("b", true, false),
        ] {
            assert_eq!(
                decided.or_ask(asked.to_owned(), || Ok::<_, ()>(now)),
                Ok(expected)
            );
        }
        assert_eq!(decided.or_ask("c".to_owned(), || Err("no")), Err("no"));
        assert_eq!(decided.or_ask("c".to_owned(), || Ok::<_, ()>(true)), Ok(true));
        for number in 0..2 * MOST {
            let _ = decided.or_ask(number.to_string(), || Ok::<_, ()>(true));
            assert!(decided.lock().len() <= MOST);
        }
    }
}
